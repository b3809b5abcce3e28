"Write README.md and README_files/ from nbs/index.ipynb; `--check` only says whether they are stale."
import os, re, shutil, sys
from pathlib import Path
import nbformat
from nbconvert import MarkdownExporter

ROOT = Path(__file__).resolve().parent.parent
HEAD = '<!-- Made from nbs/index.ipynb by tools/readme.py: edit the notebook, not this file. -->\n\n'
DIRECTIVE = re.compile(r'\s*#\s*\|\s*(\S+?):?(?:\s+(.*?))?\s*$')
LINK = re.compile(r'(\]\(|(?:src|href)=")(?![a-z]+:|[#/])([^)\s"]+)')

def directives(source):
    "The directives at the top of a code cell, and the source without them."
    found, lines = {}, source.splitlines()
    while lines and (match := DIRECTIVE.match(lines[0])):
        found[match[1]] = match[2] or ''
        lines.pop(0)
    return found, '\n'.join(lines).strip('\n')

def is_widget(output): return any('widget-view' in mime for mime in output.get('data', {}))

def from_root(text):
    "Links of a notebook, as seen from the folder of the README."
    return LINK.sub(lambda m: m[1] + os.path.normpath(f'nbs/{m[2]}'), text)

def readable(cell):
    "`cell` as the README shows it, or None if it is hidden."
    if cell.cell_type == 'markdown':
        cell.source = from_root(cell.source)
        return cell
    found, cell.source = directives(cell.source)
    hidden = found.keys() & {'hide', 'export', 'default_exp'} or found.get('include') == 'false'
    if cell.cell_type != 'code' or hidden or not cell.source: return None
    if found.get('echo') == 'false' or 'hide_input' in found: cell.metadata.transient = {'remove_source': True}
    if found.get('output') == 'false': cell.outputs = []
    cell.outputs = [o for o in cell.outputs if not is_widget(o)]
    for data in (o.data for o in cell.outputs if 'text/markdown' in o.get('data', {})):
        data['text/markdown'] = from_root(data['text/markdown'])
    return cell

def render():
    "README.md and its pictures as {path: bytes}."
    nb = nbformat.read(ROOT/'nbs/index.ipynb', 4)
    nb.metadata.language_info = {'name': 'python'}
    nb.cells = [c for c in map(readable, nb.cells) if c]
    text, resources = MarkdownExporter().from_notebook_node(nb, {'output_files_dir': 'README_files'})
    text = HEAD + re.sub(r'\n{3,}', '\n\n', text).strip() + '\n'
    return {'README.md': text.encode(), **resources['outputs']}

def written():
    "What README.md and README_files/ hold now, in the form of `render`."
    files = [ROOT/'README.md', *ROOT.glob('README_files/*')]
    return {f.relative_to(ROOT).as_posix(): f.read_bytes() for f in files if f.exists()}

def main():
    "Write the README, or with `--check` return 1 if it is stale."
    new = render()
    if '--check' in sys.argv:
        if new == written(): return 0
        print('README.md is stale: run `.venv/bin/python tools/readme.py`')
        return 1
    shutil.rmtree(ROOT/'README_files', ignore_errors=True)
    for path, data in new.items():
        (ROOT/path).parent.mkdir(exist_ok=True)
        (ROOT/path).write_bytes(data)
    return 0

if __name__ == '__main__': sys.exit(main())
