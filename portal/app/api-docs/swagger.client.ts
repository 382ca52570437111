import SwaggerUI from "swagger-ui-dist/swagger-ui-es-bundle.js";
import { liveAnswers } from "./live-answers";
import { type DocsWords, docsPlugins } from "./plugin";

/** Shows the API's document in an element. Nothing is asked of any other origin, and no key is kept anywhere. */
export function showDocs(domNode: HTMLElement, words: DocsWords, onReady: () => void): void {
  const live = liveAnswers((...given) => fetch(...given));
  SwaggerUI({
    domNode,
    url: "/api/openapi.json",
    plugins: docsPlugins(words, live),
    onComplete: onReady,
    requestInterceptor: (request) => (request.loadSpec ? request : { ...request, userFetch: live.ask, credentials: "omit" }),
    deepLinking: true,
    docExpansion: "list",
    defaultModelsExpandDepth: 0,
    displayRequestDuration: true,
    persistAuthorization: false,
    validatorUrl: null,
  });
}
