// The API documentation, drawn by Swagger UI from /openapi.json. It uses the API key that was entered in this tab.

import { storedKey } from "./api_key.js";

/** Hide "Try it out" for event streams, as their response does not end. */
const noStreams = { statePlugins: { spec: { wrapSelectors: { allowTryItOutFor: () => (_, path) => !path.startsWith("/events/") } } } };

/** Draw an operation's path as text: Swagger UI draws a link in a button, which assistive programs cannot tell apart. */
const noLinksInButtons = { wrapComponents: { DeepLink: (_, { React }) => ({ text }) => React.createElement("span", {}, text) } };

/** Correct the outline that Swagger UI draws: levels of headings, and a landmark for what is above the operations. */
function correctOutline() {
  for (const [selector, level] of [[".opblock-tag", "2"], [".swagger-ui h4", "3"]]) {
    document.querySelectorAll(`${selector}:not([aria-level])`).forEach(heading => { heading.ariaLevel = level; });
  }
  for (const [selector, label] of [[".information-container", "About the API"], [".scheme-container", "API keys"]]) {
    const part = document.querySelector(`${selector}:not([role])`);
    if (part) Object.assign(part, { role: "region", ariaLabel: label });
  }
}
const api = document.getElementById("api");
new MutationObserver(correctOutline).observe(api, { childList: true, subtree: true });

const prefersDark = matchMedia("(prefers-color-scheme: dark)");
const applyColorScheme = () => document.documentElement.classList.toggle("dark-mode", prefersDark.matches);
prefersDark.addEventListener("change", applyColorScheme);
applyColorScheme();

/** The address of the API: the folder of this page, which a proxy may serve under a prefix. */
const base = new URL(".", location).href.replace(/\/$/, "");
const spec = await (await fetch("./openapi.json")).json();

const swagger = SwaggerUIBundle({
  spec: { ...spec, servers: [{ url: base }] },
  domNode: api,
  plugins: [noStreams, noLinksInButtons],
  validatorUrl: null,
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  tryItOutEnabled: true,
  onComplete: () => { if (storedKey()) swagger.preauthorizeApiKey("key", storedKey()); },
});
