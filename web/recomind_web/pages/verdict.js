// What asks for an operator's attention, in words; the same bounds as in deploy/alerts.yml.

import { number, percent, seconds } from "./figures.js";

/** By how much a count that starts anew with each worker has grown over these points. */
export function growth(points, field) {
  return points.slice(1).reduce((sum, point, place) => sum + Math.max(0, point[field] - points[place][field]), 0);
}

const listed = partitions => (partitions.length > 1 ? `Partitions ${partitions.join(", ")} have` : `Partition ${partitions[0]} has`);

/** The faults that an overview and the points before it show, gravest first. */
export function faults({ together: now, workers, missing, whole }, points) {
  const letters = growth(points, "dead_letters"), failed = growth(points, "timer_errors");
  return [
    [!whole, "Redis is away: only the worker that serves this page tells of itself."],
    [whole && !workers.length, "No worker tells of itself."],
    [workers.length && missing.length, `${listed(missing)} no worker: one is being replaced, or has gone.`],
    [now.fresh_p99 > 5, `Lists are late: one in a hundred waited for more than ${seconds(now.fresh_p99)}.`],
    [now.lag > 10000, `${number(now.lag)} records are not committed yet.`],
    [now.cache_hits !== null && now.cache_hits < 0.5, `Only ${percent(now.cache_hits)} of the lists asked for are in Redis.`],
    [letters, `${number(letters)} record${letters > 1 ? "s" : ""} could not be read: see recomind dead-letters.`],
    [failed, `Periodic work failed ${number(failed)} time${failed > 1 ? "s" : ""}: the workers' logs say why.`],
  ].filter(([is]) => is).map(([, text]) => text);
}
