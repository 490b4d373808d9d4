/* How far the review of a model is, above the queue. */

import { ask, byId, make, number, showWaiting } from './frame.js';

/** Show how far the review is. */
export async function progress(model) {
  const summary = await ask('GET', `/v1/review?${new URLSearchParams({ model })}`);
  byId('done').replaceChildren(make('b', {}, number(summary.done)), ` of ${number(summary.total)} done`);
  byId('bar').max = Math.max(1, summary.total);
  byId('bar').value = summary.done;
  byId('time-left').textContent = summary.about_left_seconds === null ? '' : `about ${duration(summary.about_left_seconds)} left`;
  showWaiting(summary.open);
  return summary;
}

function duration(seconds) {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}
