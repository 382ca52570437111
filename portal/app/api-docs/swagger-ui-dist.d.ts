/** What we use of Swagger UI (https://swagger.io/docs/open-source-tools/swagger-ui/usage/configuration/): it ships no types. */
declare module "swagger-ui-dist/swagger-ui-es-bundle.js" {
  type Options = {
    domNode: HTMLElement;
    url: string;
    plugins: object[];
    requestInterceptor(request: Record<string, unknown>): Record<string, unknown>;
    [option: string]: unknown;
  };
  const SwaggerUI: (options: Options) => { getSystem(): object };
  export default SwaggerUI;
}
