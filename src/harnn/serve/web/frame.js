/* What all pages share: elements, requests, sessions, the theme, what is said. */

export const byId = (id) => document.getElementById(id);

/** Return an element; children: elements and texts, which are never read as HTML. */
export function make(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? '' : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/** Return text of others: it goes its own way, whatever its language and direction. */
export const foreign = (text, attributes = {}) =>
  make('bdi', { dir: 'auto', lang: languageOf(text), ...attributes }, text);

/** Return what fonts and line breaks need to know of a text; empty: nothing is known. */
export function languageOf(text) {
  const start = text.slice(0, 2000);
  if (/[\p{Script=Hiragana}\p{Script=Katakana}]/u.test(start)) return 'ja';
  const han = start.match(/\p{Script=Han}/gu)?.length ?? 0;
  if (han > start.length / 5) return 'zh';
  return (start.match(/\p{Script=Arabic}/gu)?.length ?? 0) > start.length / 3 ? 'ar' : '';
}

export function icon(name, className = '') {
  const space = 'http://www.w3.org/2000/svg';
  const drawn = document.createElementNS(space, 'svg');
  drawn.setAttribute('class', `i ${className}`);
  drawn.setAttribute('aria-hidden', 'true');
  const use = document.createElementNS(space, 'use');
  use.setAttribute('href', `#i-${name}`);
  drawn.append(use);
  return drawn;
}

const ENGLISH = new Intl.NumberFormat('en');
export const number = (value) => ENGLISH.format(value);
export const counted = (value, one, many = `${one}s`) => `${number(value)} ${value === 1 ? one : many}`;

/** Return a score for readers; none is a certainty. */
export function percent(score) {
  const whole = Math.round(score * 100);
  if (whole >= 100) return score < 1 ? '>99%' : '100%';
  return whole === 0 && score > 0 ? '<1%' : `${whole}%`;
}

/** Return a bar of a score with its threshold as a tick; it repeats a number beside it. */
export function meter(score, threshold) {
  const bar = make('i');
  const drawn = make('span', { class: 'meter', 'aria-hidden': 'true' }, bar);
  drawn.style.setProperty('--v', score);
  setThreshold(drawn, score, threshold);
  return drawn;
}

export function setThreshold(drawn, score, threshold) {
  drawn.classList.toggle('plain', threshold === null);
  drawn.classList.toggle('under', threshold !== null && score < threshold);
  if (threshold !== null) drawn.style.setProperty('--t', threshold);
}

export const say = (text) => { byId('status').textContent = text; };

/** Return a note with a sign before it; kind: '', 'bad' or 'info'. */
export const note = (kind, ...children) =>
  make('div', { class: `note ${kind}` }, icon('note'), make('div', {}, ...children));

/** Return why a request was refused, all of it; retry: what tries again. */
export function refusal(error, kept, retry = null) {
  const lines = error.problems?.length > 1
    ? make('ul', {}, ...error.problems.map((line) => make('li', {}, foreign(line)))) : null;
  const again = retry && make('button', { class: 'btn small', type: 'button', onclick: retry }, 'Try again');
  const shown = note('bad', foreign(error.message), ` ${kept} `, lines, again);
  shown.setAttribute('role', 'alert');
  return shown;
}

/** Why the server refused a request, or that it did not answer (status 0). */
export class Refused extends Error {
  constructor(status, message, said = {}) {
    super(message);
    this.status = status;
    this.said = said; // the problem document
    this.problems = said.problems ?? [];
  }
}

let here = null; // whose session it is: {name, role, csrf_token, review}
let signingIn = null;

/** Ask the server; return its answer as JSON. body: a value for JSON, or a Blob. */
export async function ask(method, path, body = undefined, signal = undefined) {
  const response = await send(method, path, body, signal);
  return response.status === 204 ? null : response.json();
}

/** Ask the server; return its response. */
export async function send(method, path, body = undefined, signal = undefined) {
  for (;;) {
    const response = await reach(method, path, body, signal, {});
    if (response.ok) return response;
    if (response.status !== 401) throw await refused(response);
    signingIn ??= signIn().finally(() => { signingIn = null; });
    await signingIn;
  }
}

async function reach(method, path, body, signal, headers) {
  const plain = body instanceof Blob ? body : body === undefined ? undefined : JSON.stringify(body);
  if (plain !== undefined) headers['Content-Type'] = body instanceof Blob ? 'application/octet-stream' : 'application/json';
  if (here?.csrf_token && method !== 'GET') headers['X-CSRF-Token'] = here.csrf_token;
  try {
    return await fetch(path, { method, headers, body: plain, signal, redirect: 'error' });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new Refused(0, 'The server did not answer.');
  }
}

async function refused(response) {
  try {
    const said = await response.json();
    return new Refused(response.status, said.detail, said);
  } catch {
    return new Refused(response.status, `The server answered with ${response.status}, and said no more.`);
  }
}

/** Ask for a token until it is somebody's, and begin a session with it. */
function signIn() {
  const dialog = byId('sign-in');
  const error = byId('sign-in-error');
  dialog.showModal();
  return new Promise((done) => {
    byId('sign-in-form').onsubmit = async (event) => {
      event.preventDefault();
      error.textContent = '';
      const token = byId('token').value.trim();
      if (!/^[\x21-\x7e]+$/.test(token)) {
        error.textContent = 'A token has letters, digits and signs, and no blanks.';
        return;
      }
      try {
        const response = await reach('POST', '/v1/session', undefined, undefined, { Authorization: `Bearer ${token}` });
        if (!response.ok) throw await refused(response);
        byId('token').value = '';
        const session = await response.json();
        if (here && here.name !== session.name) { location.reload(); return; } // what stands here is of somebody else
        showWho(session);
        dialog.close();
        done();
      } catch (problem) {
        error.textContent = problem.message;
        byId('token').select();
      }
    };
  });
}

const ROLES = { read: 'reader', annotate: 'annotator', review: 'reviewer', admin: 'administrator' };

function showWho(session) {
  here = session;
  byId('who').hidden = !session.csrf_token;
  byId('whose').textContent = session.name;
  byId('role').textContent = ROLES[session.role];
  byId('face').textContent = session.name.split(/[\s._-]+/).filter(Boolean).slice(0, 2).map((word) => [...word][0]).join('').toUpperCase();
}

/** Return who is signed in. */
export const whoIsHere = () => here;

/** Show in the navigation how many documents wait for the person. */
export function showWaiting(open) {
  const count = byId('open-count');
  if (!count) return;
  count.hidden = !open;
  count.replaceChildren(number(open), make('span', { class: 'sr' }, ' open'));
}

/** Run *act*; busy: what to show where it takes longer than a moment, and what ends it. */
export async function whenSlow(show, act) {
  const timer = setTimeout(() => show(true), 300);
  try {
    return await act();
  } finally {
    clearTimeout(timer);
    show(false);
  }
}

/** Begin a page: the theme, who is here, the models. Returns the models. */
export async function begin() {
  const session = await ask('GET', '/v1/session');
  showWho(session);
  const model = new URLSearchParams(location.search).get('model');
  if (session.review) ask('GET', `/v1/review${model ? `?${new URLSearchParams({ model })}` : ''}`).then(({ open }) => showWaiting(open), () => {}); // the page does without
  return (await ask('GET', '/v1/models')).models;
}

/** Return the name of the model that the address asks for, else of the first one. */
export function chosenModel(models) {
  const wanted = new URLSearchParams(location.search).get('model');
  return models.find((model) => model.name === wanted) ?? models[0];
}

/** Let a select element choose among models, where there are several. */
export function offerModels(models, chosen, change) {
  const select = byId('model');
  select.replaceChildren(...models.map((model) =>
    make('option', { value: model.name, selected: model === chosen }, model.name)));
  byId('models').hidden = models.length < 2;
  byId('only-model').hidden = models.length > 1;
  const name = () => { byId('only-model').replaceChildren('Model ', foreign(chosen.name), ' ', make('span', { class: 'code' }, chosen.version)); };
  name();
  select.addEventListener('change', () => {
    chosen = models.find((model) => model.name === select.value);
    const address = new URL(location.href);
    address.searchParams.set('model', chosen.name);
    address.searchParams.delete('label');
    history.replaceState(null, '', address);
    change(chosen);
  });
}

const THEMES = ['', 'light', 'dark'];
function showTheme() {
  const theme = document.documentElement.dataset.theme ?? '';
  const title = `Theme: ${theme || 'as the system'}`;
  byId('theme').title = title;
  byId('theme').setAttribute('aria-label', title);
}
byId('theme').addEventListener('click', () => {
  const { dataset } = document.documentElement;
  const next = THEMES[(THEMES.indexOf(dataset.theme ?? '') + 1) % THEMES.length];
  if (next) dataset.theme = next; else delete dataset.theme;
  try { localStorage.setItem('harnn-theme', next); } catch { /* for this page alone, then */ }
  showTheme();
});
showTheme();
byId('sign-in').addEventListener('cancel', (event) => event.preventDefault());
byId('sign-out').addEventListener('click', async () => {
  try {
    await ask('DELETE', '/v1/session');
  } finally {
    location.reload();
  }
});
