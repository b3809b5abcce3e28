"What Sphinx does not know of nbdev: hidden cells, directive lines, links to names, docments, and words for every picture."
import ast, base64, functools, inspect, io, json, pkgutil, re
from configparser import ConfigParser
from pathlib import Path
import jinja2, nbformat
from PIL import Image
from fastcore.docments import docments
from pygments.formatters import HtmlFormatter

ROOT = Path(__file__).resolve().parent.parent
NBS, SRC = ROOT/'nbs', ROOT/'.site/src'
(settings := ConfigParser(delimiters=['='])).read(ROOT/'settings.ini', encoding='utf-8')
cfg = settings['DEFAULT']
LIB = cfg['lib_name']
PARTS = {'00': 'Learning by watching', '05': 'What its features know', '08': 'A robot to act with', '10': 'Imagining and planning',
         '89': 'From the shell', '99': 'Reference'} # number of the first chapter -> heading in the sidebar
WIDGET = 'application/vnd.jupyter.widget-view+json'
SLIDER = '*Sliders, which move in JupyterLab and Colab. The nearest figure is one of their positions.*'

chapters = sorted(f for f in NBS.glob('[!._]*.ipynb') if f.stem != 'index') # 00_video, 00a_transforms, ..., 90_cli
notebook = functools.cache(lambda path: nbformat.read(path, 4))
markdown = nbformat.v4.new_markdown_cell

def title(path): # heading, the line under it
    text = next((c.source for c in notebook(path).cells if c.cell_type == 'markdown'), '')
    if not (found := re.match(r'# (.+)(?:\s*\n> (.+))?', text)): raise ValueError(f'{path}: expected "# Title" in the first Markdown cell')
    return found[1].strip(), (found[2] or '').strip()

def stage():
    "Put the notebooks, and a page for each module, where Sphinx reads them; page -> the file to edit."
    files = {f.stem: f.read_text(encoding='utf-8') for f in sorted((ROOT/LIB).glob('[!_]*.py'))}
    chapter = {m: re.search(r'File to edit: \.\./nbs/(.*)\.ipynb', s)[1] for m, s in files.items()}
    order = sorted(chapter, key=chapter.get)
    pages = {f.name: f.read_text(encoding='utf-8') for f in [NBS/'index.ipynb', *chapters]}
    pages |= {f'api/{m}.rst': f'{m}\n{"="*len(m)}\n\nChapter: :doc:`/{c}`\n\n.. automodule:: {LIB}.{m}\n' for m, c in chapter.items()}
    pages['api.rst'] = '\n'.join(['API', '===', '', *(f'* :doc:`api/{m}`: {rst(ast.get_docstring(ast.parse(files[m])))}' for m in order),
                                  '', '.. toctree::', '   :hidden:', '', *(f'   api/{m}' for m in order)])
    for name, text in pages.items():
        (SRC/name).parent.mkdir(parents=True, exist_ok=True)
        (SRC/name).write_text(text, encoding='utf-8')
    return {p: f'nbs/{chapter[Path(p).stem]}.ipynb' if p.startswith('api/') else 'docs/book.py' if p == 'api.rst' else f'nbs/{p}' for p in pages}

@functools.cache
def names():
    "Public name, as prose writes it -> full name; only those that one module alone has."
    found = [(s[len(m)+1:], s) for m, syms in pkgutil.resolve_name(f'{LIB}._modidx').d['syms'].items() for s in syms]
    return {k: v for k, v in found if not re.search(r'(^|\.)_', k) and [o for o, _ in found].count(k) == 1}

def linked(text):
    "Prose in which the package's names lead to their documentation."
    link = lambda m: f'{{py:obj}}`{m[1]} <{names()[m[1]]}>`' if m[1] in names() else m[0]
    parts = re.split(r'(?ms)(^```.*?^```|^#.*?$|\$\$.*?\$\$)', text) # code, headings and formulas stay
    return ''.join(o if i%2 else re.sub(r'(?<![`\[{}])`([\w.]+)`(?![`\]])', link, o) for i, o in enumerate(parts))

def plain(text):
    "Markdown as words."
    text = re.sub(r'!?\[([^]]*)\]\([^)]*\)', r'\1', re.sub(r'\$\$.*?\$\$', '', text, flags=re.S))
    return re.sub(r'\s+', ' ', re.sub(r'\\[a-z]+|[`*$\\{}]|^#+', '', text)).strip()

def words(cell, prose):
    "The text of a picture: what its show function says that it draws, and the last paragraph before it."
    shown = [names()[n] for n in re.findall(r'\bshow_\w+', cell.source) if n in names()]
    doc = inspect.getdoc(pkgutil.resolve_name(shown[-1])) if shown else None
    said = [plain(p) for p in re.split(r'\n\s*\n', prose) if not p.startswith(('|', '$$', '```', '>'))]
    text = '. '.join(o for o in ((doc or '').split('. ')[0].strip('.'), next((p for p in reversed(said) if p), '')) if o)
    return re.match(r'.{,300}([.:?!](?=\s)|$)|.{,300}', plain(text))[0]

def wide(outputs): # is a picture among them too wide for a phone?
    pictures = [base64.b64decode(v) for o in outputs for k, v in o.get('data', {}).items() if k in ('image/png', 'image/jpeg')]
    return any(Image.open(io.BytesIO(o)).width > 640 for o in pictures)

def readable(cell, prose, answer):
    "A code cell as the site shows it, or None. An answer is folded, with what it shows."
    found = dict(re.findall(r'(?m)^#\s*\|\s*([\w-]+):?[ \t]*(.*)$', cell.source))
    cell.source = re.sub(r'(?m)^#\s*\|.*\n?', '', cell.source).strip()
    if found.keys() & {'hide', 'default_exp'} or not cell.source: return None
    imports = re.fullmatch(r'((from|import|#) ?.*\n?)+', cell.source)
    answer = answer and found.get('code-fold') == 'true'
    tags = {'remove-input': found.get('echo') == 'false', 'hide-input': imports, 'hide-cell': answer}
    slider = any(re.match('interactive|VBox', o.data['text/plain']) for o in cell.outputs if WIDGET in o.get('data', {})) # else a progress bar
    cell.outputs = [o for o in cell.outputs if WIDGET not in o.get('data', {})] + [nbformat.v4.new_output('display_data', {'text/markdown': SLIDER})]*slider
    prompt, image = 'Answer' if answer else 'Imports', {'alt': words(cell, prose), 'classes': 'wide' if wide(cell.outputs) else ''}
    cell.metadata = {'tags': [k for k, v in tags.items() if v], 'mystnb': {'image': image, 'code_prompt_show': prompt, 'code_prompt_hide': prompt}}
    return cell

def figure(cell_id):
    "The picture under a cell of the book, as a file beside the pages."
    outputs = next(c.outputs for f in [NBS/'index.ipynb', *chapters] for c in notebook(f).cells if c.id == cell_id)
    kind, data = next((k[6:], v) for o in outputs for k, v in o.get('data', {}).items() if k.startswith('image/'))
    (SRC/f'{cell_id}.{kind}').write_bytes(base64.b64decode(data))
    return f'{cell_id}.{kind}'

def landing(cells):
    "The first page: docs/landing.md, the sections of the index notebook that it lacks, and the order of the pages."
    results = {f.stem: json.loads(f.read_text()) for f in NBS.glob('results/*.json')}
    rows = [(f.stem, *title(f), results['minutes'].get(f.stem)) for f in chapters]
    env = jinja2.Environment(undefined=jinja2.StrictUndefined, trim_blocks=True)
    text, keep = env.from_string((ROOT/'docs/landing.md').read_text()).render(chapters=rows, figure=figure, **cfg, **results), False
    out = [markdown(text)]
    for c in cells:
        parts = re.split(r'(?m)^(?=## )', c.source) if c.cell_type == 'markdown' else [c.source]
        kept = [p for p in parts if (keep := p.split('\n')[0] not in text if p.startswith('## ') else keep)]
        if kept: out.append({**c, 'source': ''.join(kept)})
    for first, later in zip(PARTS, [*list(PARTS)[1:], '~']):
        pages = [f'{f.stem.split("_")[0]} {title(f)[0]} <{f.stem}>' for f in chapters if first <= f.stem < later] + ['api']*(later == '~')
        if pages: out.append(markdown('\n'.join(['```{toctree}', ':hidden:', f':caption: {PARTS[first]}', '', *pages, '```'])))
    return out

def read_page(app, docname, content):
    "Sphinx reads a notebook: give it what a reader wants to see."
    if not (NBS/f'{docname}.ipynb').exists(): return
    nb, prose, cells, asked = nbformat.reads(content[0], 4), '', [], False
    for c in nb.cells:
        if c.cell_type == 'markdown': prose, asked, c.source = c.source, asked or '## Try it' in c.source, linked(c.source)
        if c.cell_type == 'markdown' or readable(c, prose, asked): cells.append(c)
    nb.cells = landing(cells) if docname == 'index' else cells
    nb.metadata = {'language_info': {'name': 'python'}, **({'html_theme.sidebar_secondary.remove': True} if docname == 'index' else {})}
    content[0] = json.dumps(nb)

class Lines(HtmlFormatter):
    "Code whose long lines are folded: each knows its own indent, see site.css."
    def wrap(self, source): return super().wrap((i, f'<span class="line" style="--indent:{len(o)-len(o.lstrip(" "))}">{o}</span>' if i else o) for i, o in source)

def rst(text):
    "A docstring or docment in the language of autodoc: code, formulas, and signs that would mean something."
    parts = re.split(r'(`[^`]+`|\$[^$]+\$)', text or '')
    role = lambda o: f'``{o[1:-1]}``' if o[0] == '`' else f':math:`{o[1:-1]}`'
    return ''.join(role(o) if i%2 else re.sub(r'([\\*_|])', r'\\\1', o) for i, o in enumerate(parts))

def describe(app, what, name, obj, options, lines):
    "Docments become the parameters that autodoc shows."
    lines[:] = [rst(o) for o in lines]
    if what not in ('function', 'method', 'class', 'property'): return
    try: docs = docments(getattr(obj, 'fget', obj), returns=what != 'class')
    except Exception: return # no source, or no signature
    short = [v for k, v in docs.items() if v and '->' in v and k != 'return'] # one comment for all of a one-line signature
    lines += ['', *(rst(v.replace('->', '→')) for v in short), '', *(f':param {k}: {rst(v)}' for k, v in docs.items() if v and v not in short and k != 'return')]
    if docs.get('return'): lines.append(f':returns: {rst(docs["return"])}')
