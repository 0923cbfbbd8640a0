// The API's description, drawn by Swagger UI from /openapi.json; a key that another page was given in this tab is used here.

import { key } from "./access.js";

/** A stream of events does not end, so it cannot be tried out: the button is left away. */
const endless = { statePlugins: { spec: { wrapSelectors: { allowTryItOutFor: () => (_, path) => !path.startsWith("/events/") } } } };

const dark = matchMedia("(prefers-color-scheme: dark)");
const shade = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", shade);
shade();

const page = SwaggerUIBundle({
  url: "/openapi.json",
  domNode: document.getElementById("described"),
  plugins: [endless],
  validatorUrl: null,
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  tryItOutEnabled: true,
  onComplete: () => { if (key()) page.preauthorizeApiKey("key", key()); },
});
