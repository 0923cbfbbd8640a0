// Requests to the API with JSON bodies.

import { fetchWithKey } from "./api_key.js";

/** A request that was answered with an error; `status` is that of HTTP, and 0 if there was no answer. */
export class ApiError extends Error {
  constructor(status, detail) { super(detail); this.status = status; }
}

/** Send a request and return the body of the answer. Throws an `ApiError`. */
export async function request(method, path, body) {
  const options = body === undefined ? { method } : { method, body: JSON.stringify(body) };
  const response = await fetchWithKey(path, options).catch(() => null);
  if (!response) throw new ApiError(0, "no worker answers");
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new ApiError(response.status, answer.detail || response.statusText);
  return answer;
}

/** The body of the answer to a GET. Throws an `ApiError`. */
export const get = path => request("GET", path);
