import { createContext, useContext } from "react";

/** The nonce of this page's Content-Security-Policy: set while rendering on the server, empty in the browser. */
export const NonceContext = createContext<string | undefined>(undefined);
export const useNonce = () => useContext(NonceContext);
