/* Decisions on their way to the server: one after the other, kept until it has them. */

import { Refused, ask } from './frame.js';

const PAUSES = [1, 2, 5, 10, 30]; // seconds between attempts
const PLACE = 'harnn-outbox';     // of this tab: a page that is loaded again goes on

/** Return where an item of a model is asked for, or one of its parts. */
export const pathOf = (model, item, part = '', query = {}) => `/v1/review/items/${item}${part && `/${part}`}?${new URLSearchParams({ model, ...query })}`;

export class Outbox {
  /** person: whose decisions on documents of a model; sent(job, item), refused(job, error, dropped), waits(jobs, error). */
  constructor(person, model, { sent, refused, waits }) {
    Object.assign(this, { person, model, sent, refused, waits });
    const { jobs, versions } = this.#read();
    this.jobs = jobs;
    this.versions = new Map(versions); // by item, as the server has told them
    this.timer = 0;
    this.failures = 0;
    this.isSending = false;
    this.waiting = []; // {item, done}: who waits until nothing of an item is left
    addEventListener('online', () => this.send());
    addEventListener('beforeunload', (event) => { if (this.failures && this.jobs.length) event.preventDefault(); });
    this.#keep();
    this.begun = this.send(); // what a page before this one has left
  }

  /** Note the version of an item as the server has told it; an answer that was overtaken says nothing. */
  note({ item, version }) {
    if (!this.of(item).length && !(this.versions.get(item) > version)) this.versions.set(item, version);
  }

  /** Return what waits of an item. */
  of(item) { return this.jobs.filter((job) => job.item === item); }

  /** Send *part* of an item (decisions, undo, comments, submit, set-aside, reopen, settle) when its turn comes. */
  add(item, part, body = {}) {
    this.jobs.push({ item, part, body, since: null, tried: false });
    this.#keep();
    this.send();
  }

  /** Wait until the server has all of an item. */
  whenSent(item) {
    return new Promise((done) => { this.waiting.push({ item, done }); this.#tell(); });
  }

  #tell() {
    const isOver = ({ item }) => !this.of(item).length;
    const over = this.waiting.filter(isOver);
    this.waiting = this.waiting.filter((each) => !isOver(each));
    for (const { done } of over) done();
  }

  /** Take back the last of an item that has not been on its way yet; tells whether there was one. */
  drop(item) {
    const at = this.jobs.findLastIndex((job) => job.item === item);
    if (at < 0 || this.jobs[at].tried || !['decisions', 'submit'].includes(this.jobs[at].part)) return false;
    this.jobs.splice(at, 1);
    this.#keep();
    return true;
  }

  async send() {
    clearTimeout(this.timer);
    if (this.isSending) return;
    this.isSending = true;
    while (this.jobs.length && await this.#sendFirst());
    this.isSending = false;
  }

  /** Send the first job; tells whether to go on with the next one. */
  async #sendFirst() {
    const [job] = this.jobs;
    try {
      const answer = await this.#known(job) ?? await this.#post(job);
      const view = answer.item instanceof Object ? answer.item : answer;
      this.jobs.shift();
      this.failures = 0;
      this.versions.set(job.item, view.version);
      this.#keep();
      this.waits([], null);
      this.sent(job, view);
      this.#tell();
      return true;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (error.status && error.status < 500 && error.status !== 429) {
        const dropped = this.of(job.item);
        this.jobs = this.jobs.filter((each) => each.item !== job.item);
        this.versions.delete(job.item);
        this.#keep();
        this.waits([], null);
        this.refused(job, error, dropped);
        this.#tell();
        return true;
      }
      this.waits(this.jobs, error);
      this.timer = setTimeout(() => this.send(), 1000 * PAUSES[Math.min(this.failures, PAUSES.length - 1)]);
      this.failures += 1;
      return false;
    }
  }

  async #post(job) {
    job.since ??= this.versions.get(job.item) ?? (await ask('GET', pathOf(this.model, job.item))).version;
    job.tried = true;
    this.#keep();
    const version = job.part === 'comments' ? {} : { version: job.since };
    return ask('POST', pathOf(this.model, job.item, job.part), { ...version, ...job.body });
  }

  /** Return the item, if the server has got a job though its answer was lost. */
  async #known(job) {
    if (!job.tried) return null;
    const item = await ask('GET', pathOf(this.model, job.item));
    const newest = item.entries.at(-1);
    const action = { decisions: job.body.action, undo: 'undo', comments: 'comment', submit: 'submit', 'set-aside': 'set_aside', settle: 'settle', reopen: 'reopen' }[job.part];
    const isMine = newest && newest.number > job.since && newest.person === this.person && newest.action === action;
    const isSame = isMine && ['label', 'other', 'text'].every((name) => !job.body[name] || newest[name] === job.body[name]);
    return isSame ? item : null;
  }

  #read() {
    try {
      const kept = JSON.parse(sessionStorage.getItem(PLACE));
      if (kept?.person === this.person && kept.model === this.model) return kept;
    } catch { /* storage is switched off: nothing is left from before */ }
    return { jobs: [], versions: [] };
  }

  #keep() {
    document.body.dataset.unsent = this.jobs.length;
    try {
      const versions = [...this.versions].filter(([item]) => this.of(item).length);
      if (this.jobs.length) sessionStorage.setItem(PLACE, JSON.stringify({ person: this.person, model: this.model, jobs: this.jobs, versions }));
      else sessionStorage.removeItem(PLACE);
    } catch { /* they are kept in the page alone, then */ }
  }
}
