/* Acceptance: which targets levels have, what becomes of documents under them, and what audits found. */

import { ask, begin, byId, chosenModel, counted, foreign, icon, make, note, number, offerModels, percent, refusal, say, whenSlow } from './frame.js';
import { coursePlot, curvePlot, floorOf } from './acceptance-plots.js';
import { keysOf } from './keys.js';

const LATEST = 6; // audited documents shown at once
const MORE = 50;
const USUAL = 95; // percent: where a target begins that is switched on
const DATE = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'long', year: 'numeric' });
const MOMENT = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'long', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });

let model = null;
let now = null; // what the server says
let draft = null; // {targets: {level: share}, audit_share, blind_share, pause, resume: Set}
let panels = []; // by level: what of it changes
let floor = 0.9; // of all curves, so that they can be compared
let asked = null; // the newest question for a preview
let audited = { verdict: null, limit: LATEST };

const address = (what = '', query = {}) => `/v1/acceptance${what}?${new URLSearchParams({ model: model.name, ...query })}`;
const titleOf = ({ level, name }) => (name === String(level) ? `Level ${level}` : `Level ${level}, ${name}`);

/* ---------- what holds, and what is tried ---------- */

async function load() {
  byId('trouble').replaceChildren();
  try {
    const found = await whenSlow((busy) => { byId('wait').hidden = !busy; byId('wait').textContent = 'Loading the curves'; }, () => ask('GET', address()));
    show(found);
  } catch (error) {
    byId('all').hidden = true;
    byId('trouble').replaceChildren(refusal(error, 'Nothing was changed.', load));
  }
}

function show(found) {
  now = found;
  byId('all').hidden = Boolean(now.why);
  if (now.why) {
    byId('trouble').replaceChildren(note('info', make('b', {}, 'Nothing is accepted. '), foreign(now.why)));
    return;
  }
  discard();
}

/** Go back to what is in force. */
function discard() {
  asked?.abort();
  const { targets, ...terms } = now.terms;
  draft = { targets: { ...targets }, ...terms, resume: new Set() };
  makePanels();
  showTerms();
  showPreview(now);
  showChanged();
  showLevels();
}

const isChanged = () => draft.resume.size > 0
  || ['audit_share', 'blind_share', 'pause'].some((name) => draft[name] !== now.terms[name])
  || now.levels.some(({ level }) => draft.targets[level] !== now.terms.targets[level]);

function showChanged() {
  const changed = isChanged();
  byId('changed').textContent = changed ? 'Changed, not in force' : '';
  byId('discard').hidden = !changed;
  byId('put').hidden = !now.may_change;
  byId('put').disabled = !changed;
  const { in_force: policy } = now;
  const who = policy && (policy.person ? ['by ', foreign(policy.person)] : ['changed by its audit']);
  byId('in-force').replaceChildren(...policy
    ? ['In force since ', MOMENT.format(Date.parse(policy.moment)), ', ', ...who, ': ', targetsOf(now.terms.targets), '.']
    : ['No policy is in force: everything waits for people.'],
  ...now.may_change ? [] : [' You can try targets; administrators put them in force.']);
}

const targetsOf = (targets) => now.levels.map(({ level }) => `level ${level} ${targets[level] ? percentOf(targets[level]) : 'no target'}`).join(', ');
const percentOf = (share) => `${Number((100 * share).toFixed(1))}%`;

async function put() {
  byId('trouble').replaceChildren();
  byId('put').disabled = true;
  const { resume, ...terms } = draft;
  const version = now.in_force?.number ?? 0;
  try {
    show(await ask('PUT', address(), { ...terms, version, resume: [...resume] }));
    say('In force');
    byId('discard').hidden = true;
    byId('in-force').tabIndex = -1;
    byId('in-force').focus();
  } catch (error) {
    byId('trouble').replaceChildren(refusal(error, 'Your changes are kept here.'));
    if (error.status === 409) await look();
    showChanged();
  }
}

/** Learn what is in force now, and keep what is tried. */
async function look() {
  try {
    const found = await ask('GET', address());
    if (found.why) return;
    now = found;
    showLevels();
    showWarnings();
  } catch { /* the refusal stands there already */ }
}

/** Ask what the targets that are tried would do; the newest question counts. */
function preview() {
  showChanged();
  asked?.abort();
  const mine = asked = new AbortController();
  setTimeout(async () => {
    if (mine.signal.aborted) return;
    try {
      const body = { targets: draft.targets, audit_share: draft.audit_share, resume: [...draft.resume] };
      const found = await ask('POST', address('/preview'), body, mine.signal);
      if (mine === asked) showPreview(found);
    } catch (error) {
      if (error.name !== 'AbortError') byId('trouble').replaceChildren(refusal(error, 'Your changes are kept here.', preview));
    }
  }, 60);
}

/* ---------- levels ---------- */

function makePanels() {
  panels = now.levels.map(makePanel);
  byId('levels').replaceChildren(...panels.map(({ box }) => box));
}

function makePanel(level) {
  const share = make('b');
  const plot = make('div');
  const promise = make('p', { class: 'promise', id: `promise-${level.level}` });
  const value = make('output', { class: 'strong', for: `target-${level.level}` });
  const has = make('input', { type: 'checkbox', onchange: () => aim(level.level, has.checked ? Number(slider.value) : null) });
  const slider = make('input', {
    type: 'range', id: `target-${level.level}`, min: 50, max: 99.5, step: 0.5,
    'aria-label': `${titleOf(level)}: precision target, percent`, 'aria-describedby': promise.id,
    oninput: () => aim(level.level, Number(slider.value)),
  });
  const aud = make('p', { class: 'aud' });
  const box = make('section', { class: 'lv', 'aria-labelledby': `level-${level.level}` },
    make('header', {}, make('h2', { id: `level-${level.level}` }, foreign(titleOf(level))), make('span', { class: 'small faint' }, counted(level.labels, 'label'))),
    make('p', { class: 'big' }, share, ' ', make('span', { class: 'soft' }, 'accepted unattended')),
    plot,
    make('p', { class: 'tg' }, make('label', { class: 'check' }, has, 'Right at least'), value),
    slider, promise, aud);
  return { box, level: level.level, share, plot, promise, value, has, slider, aud };
}

function aim(level, target) {
  if (target === null) delete draft.targets[level];
  else draft.targets[level] = Number((target / 100).toFixed(4));
  showTarget(panels[level - 1]);
  preview();
}

function showTarget({ level, value, has, slider }) {
  const target = draft.targets[level];
  has.checked = target !== undefined;
  slider.value = target === undefined ? USUAL : 100 * target;
  value.textContent = target === undefined ? 'no target' : percentOf(target);
  slider.setAttribute('aria-valuetext', target === undefined ? 'no target' : percentOf(target));
  slider.classList.toggle('off', target === undefined);
}

function showPreview({ levels, outcome }) {
  floor = Math.min(floor, floorOf(levels.flatMap(({ curve }) => curve.map(({ precision }) => precision.share))));
  for (const [at, level] of levels.entries()) {
    const panel = panels[at];
    panel.share.textContent = percent(level.accepted?.share ?? 0);
    panel.plot.replaceChildren(curvePlot({ ...level, name: titleOf(level) }, floor));
    panel.promise.replaceChildren(...strong(level.sentence));
    showTarget(panel);
  }
  showOutcome(levels, outcome);
  for (const [at, audit] of now.audit.entries()) showVerdict(panels[at], audit);
  showEffort();
  showWarnings();
}

/** Return a sentence with its percentages set off. */
function strong(sentence) {
  return sentence.split(/(>?[\d.]+%(?: ± [\d.]+)?)/).map((part, at) => (at % 2 ? make('b', {}, part) : part));
}

const SIGNS = { kept: ['ok', 'check'], 'below target': ['doubt', 'note'], paused: ['no', 'pause'], 'not audited': ['', null] };

function tag(word, kind, sign) {
  return make('span', { class: `tag ${kind}` }, sign && icon(sign), word);
}

function showVerdict({ aud, level }, { verdict, sentence }) {
  const paused = now.in_force?.paused.includes(level) && !draft.resume.has(level);
  const word = paused ? 'paused' : verdict;
  const [kind, sign] = SIGNS[word];
  const text = verdict === 'not audited' ? [] : [make('span', {}, ...strong(sentence))];
  aud.replaceChildren(tag(word, kind, sign), ...text);
}

/* ---------- 1,000 documents ---------- */

function showOutcome(levels, { filed, waiting, wrong, audited: drawnOnes }) {
  const all = filed.reduce((sum, count) => sum + count, 0);
  byId('flow-facts').replaceChildren(...all
    ? [make('b', { class: 'strong' }, number(all)), ' filed unattended, about ', make('b', { class: 'strong' }, number(wrong)), ' of them with a wrong label; ', make('b', { class: 'strong' }, number(drawnOnes)), ' drawn for audit']
    : ['None is filed unattended.']);
  const parts = filed.map((count, at) => ({ count, level: levels[at].level })).reverse().filter(({ count }) => count);
  const shown = parts.map(({ count, level }, at) => step({ count, text: `${at ? '' : 'filed '}to level ${level}` }, `to${Math.min(at, 3)}`));
  byId('flow').replaceChildren(...shown, ...waiting ? [step({ count: waiting, text: 'wait for a person from the top' }, 'rest')] : []);
}

function step({ count, text }, kind) {
  const made = make('li', { class: kind, title: `${number(count)} ${text}` }, make('b', {}, number(count)), ' ', make('span', {}, text));
  made.style.setProperty('--n', count);
  return made;
}

/* ---------- the audit of one level ---------- */

function showLevels() {
  const select = byId('level');
  const chosen = select.value;
  select.replaceChildren(...now.levels.map((level) => make('option', { value: level.level }, titleOf(level))));
  const first = now.audit.find(({ drawn: count }) => count) ?? now.audit[0];
  select.value = now.levels.some(({ level }) => String(level) === chosen) ? chosen : first.level;
  showAudit();
}

function showAudit() {
  audited = { verdict: null, limit: LATEST };
  const level = now.levels[Number(byId('level').value) - 1];
  const audit = now.audit[level.level - 1];
  byId('audit-title').replaceChildren('Audit, ', foreign(titleOf(level).replace('L', 'l')));
  byId('audit-facts').textContent = audit.since
    ? `${number(audit.drawn)} drawn at random from ${number(audit.accepted)} accepted since ${DATE.format(Date.parse(audit.since))}`
    : 'No document is accepted to it yet.';
  const target = now.terms.targets[level.level] ?? null;
  byId('course').replaceChildren(...audit.course.length
    ? ['broad', 'narrow'].map((kind) => { const plot = coursePlot(titleOf(level), audit.course, target, kind === 'broad'); plot.classList.add(kind); return plot; })
    : [make('p', { class: 'soft' }, 'No audited document of this level is read yet.')]);
  byId('audit-next').hidden = !audit.waiting;
  byId('audit-next').textContent = `Audit the next ${number(audit.waiting)}`;
  byId('audit-next').href = `/review?${new URLSearchParams({ model: model.name })}`;
  showEffort();
  list();
}

async function list() {
  const level = byId('level').value;
  const { verdict, limit } = audited;
  const query = { level, limit, ...verdict && { verdict } };
  try {
    const found = await ask('GET', address('/audit', query));
    if (level === byId('level').value) showList(found, now.audit[level - 1]);
  } catch (error) {
    byId('audited').replaceChildren(make('tr', {}, make('td', { colspan: 4 }, refusal(error, '', list))));
  }
}

function showList({ total, audited: rows }, audit) {
  byId('audited-box').hidden = !rows.length;
  byId('audited-title').textContent = audited.verdict ? 'Found wrong' : 'Last audited';
  byId('audited').replaceChildren(...rows.map(rowOf));
  const judged = audit.right + audit.wrong;
  byId('audited-facts').textContent = !judged ? 'None is read yet.'
    : `${number(audit.wrong)} of ${number(judged)} ${audit.wrong === 1 ? 'was' : 'were'} wrong.${total > rows.length ? ` Shown are the last ${number(rows.length)} of ${number(total)}.` : ''}`;
  const more = byId('audited-more');
  more.hidden = !audit.wrong && !audited.verdict;
  more.textContent = audited.verdict ? 'Show the last ones' : 'See them';
}

const VERDICTS = { right: ['ok', 'check'], wrong: ['no', 'x'], 'not sure': ['doubt', 'note'], waiting: ['', null] };

function rowOf({ item, title, labels, score, verdict, found }) {
  const [kind, sign] = VERDICTS[verdict];
  const instead = verdict === 'wrong' ? [': ', ...found.length ? names(found) : ['no label fits']] : [];
  const href = `/review?${new URLSearchParams({ model: model.name, item })}`;
  return make('tr', {},
    make('th', { scope: 'row' }, make('a', { href }, foreign(title || `document ${item}`))),
    make('td', {}, ...labels.length ? names(labels) : [make('span', { class: 'faint' }, 'hidden until read')]),
    make('td', { class: 'num' }, score === null ? '' : percent(score)),
    make('td', {}, make('span', { class: `tag ${kind}` }, sign && icon(sign), make('span', {}, verdict, ...instead))));
}

const names = (labels) => labels.flatMap((name, at) => [at ? ', ' : '', foreign(name)]);

/* ---------- sample and safety ---------- */

function showTerms() {
  byId('audit-share').value = Math.round(100 * draft.audit_share);
  byId('blind-share').value = Math.round(100 * draft.blind_share);
  byId('pause').checked = draft.pause;
  byId('least').hidden = !now.least_training;
  byId('least').textContent = `Labels with fewer than ${counted(now.least_training, 'training document')} are never accepted: so the curves were made.`;
}

/** Say what the shares cost, and what they bring. */
function showEffort() {
  byId('audit-share-is').textContent = percentOf(draft.audit_share);
  byId('blind-share-is').textContent = percentOf(draft.blind_share);
  const audit = now.audit[Number(byId('level').value || 1) - 1];
  byId('audit-effort').textContent = effortOf(audit);
  const { seconds, blind_seconds: hidden } = now;
  const cost = seconds && hidden ? ` A blind item takes ${counted(Math.round(hidden), 'second')} instead of ${number(Math.round(seconds))}.` : '';
  byId('blind-effort').textContent = `Shows how far the answer sways people.${cost}`;
}

function effortOf({ level, accepted_a_week: accepted, precision, audits_for_half: needed }) {
  const each = accepted * draft.audit_share;
  const count = Math.round(each);
  if (!count) return `At level ${level} that is less than one document a week.`;
  const minutes = now.blind_seconds ? `, about ${counted(Math.max(1, Math.round((count * now.blind_seconds) / 60)), 'minute')}` : '';
  const rate = `At level ${level} that is ${counted(count, 'document')} a week${minutes}.`;
  if (!precision) return rate;
  const spread = 50 * (precision.high - precision.low);
  return `${rate} To narrow ± ${spread.toFixed(1)} to ± ${(spread / 2).toFixed(1)} takes ${number(needed)} audits: ${time((needed - precision.count) / each)} at this rate.`;
}

function time(weeks) {
  if (weeks <= 9) return counted(Math.max(1, Math.ceil(weeks)), 'more week');
  const months = Math.ceil(weeks / 4.35);
  return months <= 24 ? `${number(months)} more months` : `${number(Math.ceil(months / 12))} more years`;
}

function showWarnings() {
  const paused = new Set(now.in_force?.paused);
  const lines = now.audit.filter(({ warning, level }) => warning || paused.has(level)).map(({ level, warning }) => {
    const [first, rest] = headed(warning || `Level ${level} is paused.`);
    return note(paused.has(level) ? 'bad' : '', make('b', { class: 'strong' }, first), ` ${rest}`, ...paused.has(level) && now.may_change ? [resumeButton(level)] : []);
  });
  const documents = counted(now.documents, 'validation document');
  byId('warnings').replaceChildren(...lines, note('info', `Targets are computed on ${documents}. If your documents have changed since, trust the audit before the curve.`));
}

function headed(text) {
  const end = text.indexOf('. ') + 1;
  return end ? [text.slice(0, end), text.slice(end + 1)] : [text, ''];
}

function resumeButton(level) {
  const chosen = draft.resume.has(level);
  return make('p', {}, make('button', { class: 'btn small', type: 'button', 'aria-pressed': String(chosen), id: `resume-${level}`, onclick: () => {
    if (chosen) draft.resume.delete(level); else draft.resume.add(level);
    showWarnings();
    byId(`resume-${level}`).focus();
    preview();
  } }, chosen ? `Leave level ${level} paused` : `Open level ${level} again, its audit begins anew`));
}

/* ---------- begin ---------- */

byId('discard').addEventListener('click', () => { discard(); say('Back to what is in force'); byId('levels').querySelector('input')?.focus(); });
byId('put').addEventListener('click', put);
byId('level').addEventListener('change', showAudit);
byId('audited-more').addEventListener('click', () => { audited = audited.verdict ? { verdict: null, limit: LATEST } : { verdict: 'wrong', limit: MORE }; list(); });
for (const name of ['audit-share', 'blind-share']) {
  byId(name).addEventListener('input', () => {
    draft[name.replace('-', '_')] = Number(byId(name).value) / 100;
    showEffort();
    preview();
  });
}
byId('pause').addEventListener('change', () => { draft.pause = byId('pause').checked; showChanged(); });

async function start() {
  byId('trouble').replaceChildren();
  try {
    const models = await begin();
    model = chosenModel(models);
    offerModels(models, model, (chosen) => { model = chosen; load(); });
    await load();
  } catch (error) {
    byId('trouble').replaceChildren(refusal(error, 'Nothing was changed.', start));
  }
}
keysOf([['Next, previous control', 'Tab'], ['Move a slider', '← →'], ['Switch a target on or off', 'Space']]);
start();
