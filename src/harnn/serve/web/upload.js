/* Upload: a file of documents, as the model reads it; its answers as they come; what to know of them. */

import { Refused, ask, begin, byId, chosenModel, counted, foreign, make, note, number, offerModels, refusal, say, send, whenSlow, whoIsHere } from './frame.js';
import { keysOf } from './keys.js';
import { save } from './save.js';

const NOTES = 20; // shown at once

let model = null;
let file = null;
let preview = null;
let run = null; // {abort, lines, answers, counts (by deepest level), total, places, name, start}

/* ---------- the file ---------- */

const address = (what) => `/v1/${what}?${new URLSearchParams({ model: model.name, name: file.name })}`;

async function take(chosen) {
  run?.abort.abort();
  run = null;
  file = chosen;
  preview = null;
  byId('file-card').hidden = true;
  clearAnswers();
  byId('trouble').replaceChildren();
  const mine = chosen;
  try {
    const found = await whenSlow((busy) => { if (busy) say('Reading the file'); byId('choose-title').textContent = busy ? 'Reading the file' : 'Drop a file here'; }, () => ask('POST', address('file/preview'), chosen));
    if (mine !== file) return;
    preview = found;
    showPreview();
  } catch (error) {
    if (mine === file) byId('trouble').replaceChildren(refusal(error, `${chosen.name} was not filed.`, () => take(chosen)));
  }
}

function showPreview() {
  const { documents, first, notes, lines } = preview;
  const fields = [...new Set(first.flatMap(({ text }) => Object.keys(text)))];
  byId('file-card').hidden = false;
  byId('file-name').textContent = file.name;
  byId('file-facts').textContent = `${counted(documents, 'document')}, ${size(file.size)}`;
  const isByLine = lines.some((line) => line !== null);
  byId('columns').replaceChildren(make('tr', {}, ...[...isByLine ? ['line'] : [], 'id', ...fields].map((name) => make('th', { scope: 'col' }, foreign(name)))));
  byId('rows').replaceChildren(...first.map(({ id, line, text }) => make('tr', {},
    ...isByLine ? [make('td', { class: 'code' }, line === null ? '' : number(line))] : [],
    make('td', { class: 'code' }, foreign(id)), ...fields.map((name) => make('td', { class: 'cell' }, foreign(text[name] ?? ''))))));
  byId('rows-facts').textContent = `First ${first.length} of ${counted(documents, 'document')}, as the model reads them`;
  byId('file-notes').replaceChildren(...notes.map((line) => make('li', {}, foreign(line))));
  byId('file-notes').hidden = !notes.length;
  byId('predict').disabled = byId('review').disabled = !documents;
  say(`${file.name}: ${counted(documents, 'document')}`);
  if (documents) byId('predict').focus();
  else byId('trouble').replaceChildren(note('info', 'The file holds no document.'));
}

function size(bytes) {
  const [value, unit] = bytes < 1e3 ? [bytes, 'bytes'] : bytes < 1e6 ? [bytes / 1e3, 'kB'] : [bytes / 1e6, 'MB'];
  return `${value.toLocaleString('en', { maximumFractionDigits: 1 })} ${unit}`;
}

/* ---------- the run ---------- */

/** Show that something is being done with the file. */
function showRun(what) {
  byId('trouble').replaceChildren();
  clearAnswers();
  byId('wait').hidden = true;
  byId('progress').hidden = false;
  byId('stop').hidden = false;
  byId('predict').disabled = byId('review').disabled = true;
  byId('run-title').replaceChildren(what, foreign(file.name));
}

async function predict() {
  const mine = run = { abort: new AbortController(), lines: [], answers: [], total: preview.documents, places: preview.lines, name: file.name, counts: new Map([0, ...model.levels.map(({ level }) => level)].map((level) => [level, 0])), start: performance.now() };
  showRun('Predicting ');
  showProgress(mine);
  byId('stop').focus();
  try {
    const response = await send('POST', address('file/predict'), file, mine.abort.signal);
    await read(response, mine);
    if (mine !== run) return;
    if (mine.answers.length !== mine.total) throw new Refused(0, 'The answers broke off.');
    finish(mine, 'Done');
  } catch (error) {
    if (mine !== run) return;
    if (error.name === 'AbortError') finish(mine, 'Stopped');
    else {
      finish(mine, 'Broken off');
      const known = error instanceof Refused ? error : new Refused(0, 'The server did not answer to the end.');
      byId('trouble').replaceChildren(refusal(known, `${counted(mine.answers.length, 'answer')} of ${number(mine.total)} are kept here.`, predict));
    }
  }
}

async function read(response, mine) {
  for await (const lines of linesOf(response)) {
    for (const line of lines) {
      mine.lines.push(line);
      const answer = JSON.parse(line);
      const deepest = Math.max(0, ...answer.labels.map(({ level }) => level));
      mine.counts.set(deepest, mine.counts.get(deepest) + 1);
      mine.answers.push(answer);
    }
    if (mine === run) showProgress(mine);
  }
}

/** Yield the whole lines of a response as they come, some at a time. */
async function* linesOf(response) {
  let rest = '';
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const lines = (rest + value).split('\n');
    rest = lines.pop();
    yield lines;
  }
}

/** Queue the documents of the file, so that people read them. */
async function queue() {
  const mine = run = { abort: new AbortController(), total: preview.documents, start: performance.now() };
  showRun('Queuing ');
  showDone(mine, 0);
  byId('stop').focus();
  let last = { done: 0, added: 0, known: 0, filed: 0 };
  let word = 'Queued';
  try {
    const response = await send('POST', address('review/file'), file, mine.abort.signal);
    for await (const lines of linesOf(response)) {
      for (const line of lines) last = JSON.parse(line);
      if (mine === run) showDone(mine, last.done);
    }
    if (last.done !== mine.total) throw new Refused(0, 'The answers broke off.');
  } catch (error) {
    word = error.name === 'AbortError' ? 'Stopped' : 'Broken off';
    if (mine === run && error.name !== 'AbortError') byId('trouble').replaceChildren(refusal(error instanceof Refused ? error : new Refused(0, 'The server did not answer to the end.'), 'What is queued stays queued; the same file goes on.', queue));
  }
  if (mine !== run) return;
  byId('stop').hidden = true;
  byId('predict').disabled = byId('review').disabled = false;
  byId('left').textContent = word;
  byId('queued').hidden = false;
  const known = last.known ? ` ${number(last.known)} had been queued before.` : '';
  const filed = last.filed ? ` ${number(last.filed)} were filed without a reader, as the acceptance says.` : '';
  byId('queued').replaceChildren(make('span', {}, `${counted(last.added, 'document')} queued.${known}${filed}`), make('span', { class: 'end' }, make('a', { class: 'btn main', href: `/review?${new URLSearchParams({ model: model.name })}` }, 'Review')));
  say(byId('queued').firstElementChild.textContent);
  byId('queued').querySelector('a').focus();
}

function showProgress(mine) {
  showDone(mine, mine.answers.length);
  showDepth(mine);
}

function showDone(mine, done) {
  byId('done').textContent = number(done);
  byId('total').textContent = `of ${number(mine.total)}`;
  byId('bar').max = mine.total;
  byId('bar').value = done;
  const seconds = (performance.now() - mine.start) / 1000;
  const left = done ? Math.ceil((seconds / done) * (mine.total - done)) : null;
  byId('left').textContent = left === null || seconds < 1 ? '' : left ? `about ${counted(left, 'second')} left` : '';
}

function showDepth(mine) {
  const most = Math.max(1, ...mine.counts.values());
  byId('depth').hidden = false;
  byId('levels').replaceChildren(...[...mine.counts].map(([level, count]) => {
    const bar = make('span', { class: 'long', 'aria-hidden': 'true' });
    bar.style.setProperty('--n', count / most);
    return make('tr', {}, make('th', { scope: 'row' }, level ? `to level ${level}` : 'no label'), make('td', { class: 'wide' }, bar), make('td', { class: 'num' }, number(count)));
  }));
}

function finish(mine, word) {
  showProgress(mine);
  byId('stop').hidden = true;
  byId('predict').disabled = byId('review').disabled = false;
  byId('left').textContent = word;
  byId('run-title').replaceChildren('Answers for ', foreign(mine.name));
  byId('downloads').hidden = !mine.answers.length;
  const labels = mine.answers.reduce((sum, answer) => sum + answer.labels.length, 0);
  byId('summary').textContent = counted(labels, 'label');
  showNotes(mine);
  say(`${word}: ${number(mine.answers.length)} of ${counted(mine.total, 'document')}`);
  if (mine.answers.length && document.activeElement === document.body) byId('json').focus();
}

function showNotes(mine) {
  const noted = mine.answers.flatMap(({ id, notes = [] }, at) => notes.map((text) => ({ id, line: mine.places[at], text })));
  const documents = mine.answers.filter(({ notes }) => notes?.length).length;
  byId('notes-card').hidden = !noted.length;
  byId('notes-facts').textContent = `${counted(documents, 'document')}, none stops the run`;
  byId('notes-rows').replaceChildren();
  const more = byId('notes-more').firstElementChild;
  const add = () => {
    const shown = byId('notes-rows').children.length;
    byId('notes-rows').append(...noted.slice(shown, shown + NOTES).map(({ id, line, text }) => make('tr', {},
      make('th', { scope: 'row', class: 'code' }, line === null ? foreign(id) : `line ${number(line)}`), make('td', {}, foreign(text)))));
    const left = noted.length - byId('notes-rows').children.length;
    byId('notes-more').hidden = left <= 0;
    more.textContent = `Show more of ${number(left)}`;
  };
  more.onclick = add;
  add();
}

function clearAnswers() {
  for (const name of ['progress', 'depth', 'downloads', 'notes-card', 'stop', 'queued']) byId(name).hidden = true;
  byId('wait').hidden = false;
  byId('run-title').textContent = 'Answers';
}

/* ---------- downloads ---------- */

const stem = () => run.name.replace(/(\.\w+)(\.gz)?$/i, '');
const cell = (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** Return answers as a table: one row a document, what is several separated by ';', notes as
    sentences. */
function table(answers) {
  const rows = answers.map(({ id, labels, notes = [], note_codes: codes = [] }) => (
    [id, labels.map(({ label }) => label).join(';'), labels.map(({ score }) => score).join(';'), notes.join(' '), codes.join(';')]));
  return [['id', 'labels', 'scores', 'notes', 'note_codes'], ...rows].map((row) => `${row.map(cell).join(',')}\n`).join('');
}

byId('json').addEventListener('click', () => save(`${stem()}-answers.jsonl`, 'application/jsonl', run.lines.map((line) => `${line}\n`).join('')));
byId('csv').addEventListener('click', () => {
  const mixed = run.answers.flatMap(({ labels }) => labels).find(({ label }) => label.includes(';'));
  if (mixed) byId('trouble').replaceChildren(note('info', 'The label ', foreign(mixed.label), ' has ; in it, which separates labels in a cell. Take the JSON lines.'));
  else save(`${stem()}-answers.csv`, 'text/csv', table(run.answers));
});
byId('predict').addEventListener('click', predict);
byId('review').addEventListener('click', queue);
keysOf([['Choose a file', 'Tab Space'], ['Press a button', 'Tab Enter']]);
byId('stop').addEventListener('click', () => run?.abort.abort());
byId('file').addEventListener('change', (event) => { if (event.target.files[0]) take(event.target.files[0]); event.target.value = ''; });
document.addEventListener('dragover', (event) => { if (event.dataTransfer.types.includes('Files')) event.preventDefault(); });
document.addEventListener('drop', (event) => {
  const [dropped, second] = event.dataTransfer.files;
  if (!dropped) return;
  event.preventDefault();
  if (second) byId('trouble').replaceChildren(note('info', 'Drop one file at a time.'));
  else take(dropped);
});
addEventListener('beforeunload', (event) => { if (!byId('stop').hidden) event.preventDefault(); });

async function start() {
  byId('trouble').replaceChildren();
  try {
    const models = await begin();
    model = chosenModel(models);
    byId('review').hidden = !whoIsHere().review;
    offerModels(models, model, (chosen) => { model = chosen; if (file) take(file); });
  } catch (error) {
    byId('trouble').replaceChildren(refusal(error, 'Nothing was sent.', start));
  }
}
start();
