// The API documentation, drawn by Swagger UI from /openapi.json. It uses the API key that was entered in this tab.

import { storedKey } from "./api_key.js";

/** Hide "Try it out" for event streams, as their response does not end. */
const noStreams = { statePlugins: { spec: { wrapSelectors: { allowTryItOutFor: () => (_, path) => !path.startsWith("/events/") } } } };

const prefersDark = matchMedia("(prefers-color-scheme: dark)");
const applyColorScheme = () => document.documentElement.classList.toggle("dark-mode", prefersDark.matches);
prefersDark.addEventListener("change", applyColorScheme);
applyColorScheme();

const swagger = SwaggerUIBundle({
  url: "/openapi.json",
  domNode: document.getElementById("api"),
  plugins: [noStreams],
  validatorUrl: null,
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  tryItOutEnabled: true,
  onComplete: () => { if (storedKey()) swagger.preauthorizeApiKey("key", storedKey()); },
});
