/** The one limiter that is needed: the whole package would load the code of every database it knows. */
declare module "rate-limiter-flexible/lib/RateLimiterSQLite.js" {
  export { RateLimiterSQLite as default } from "rate-limiter-flexible";
}
