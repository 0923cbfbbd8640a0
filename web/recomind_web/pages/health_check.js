// Finds what needs an operator's attention, with the same thresholds as deploy/alerts.yml.

import { number, percent, seconds } from "./metric_panels.js";

/** The growth of a counter over these points. A counter restarts at 0 with each worker. */
export function counterGrowth(points, field) {
  return points.slice(1).reduce((sum, point, index) => sum + Math.max(0, point[field] - points[index][field]), 0);
}

const partitionsHave = partitions => (partitions.length > 1 ? `Partitions ${partitions.join(", ")} have` : `Partition ${partitions[0]} has`);

/** The problems that an overview and the points before it show, as sentences, the most severe first. */
export function findProblems({ together: now, workers, missing, whole: isComplete }, points) {
  const deadLetters = counterGrowth(points, "dead_letters"), timerErrors = counterGrowth(points, "timer_errors");
  return [
    [!isComplete, "Redis is unavailable: only the worker that serves this page is shown."],
    [isComplete && !workers.length, "No worker publishes statistics."],
    [workers.length && missing.length, `${partitionsHave(missing)} no worker: a worker is being replaced, or has stopped.`],
    [now.fresh_p99 > 5, `Lists are late: the 99th percentile of freshness is ${seconds(now.fresh_p99)}.`],
    [now.lag > 10000, `The consumer lag is ${number(now.lag)} records.`],
    [now.cache_hits !== null && now.cache_hits < 0.5, `Only ${percent(now.cache_hits)} of the requested lists are in Redis.`],
    [deadLetters, `${number(deadLetters)} record${deadLetters > 1 ? "s" : ""} could not be read: run recomind dead-letters.`],
    [timerErrors, `Timers failed ${number(timerErrors)} time${timerErrors > 1 ? "s" : ""}: see the logs of the workers.`],
  ].filter(([isFound]) => isFound).map(([, sentence]) => sentence);
}
