/** The build turns a stylesheet into a constructed one, which a strict Content-Security-Policy allows. */
declare module "*.css?sheet" {
  const sheet: CSSStyleSheet;
  export default sheet;
}
