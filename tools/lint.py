"""Lint of the book. `python tools/lint.py [NAME ...]` lists what breaks the rules below, by notebook; `--fix` writes the Colab cell into every chapter.

Each rule takes a `Chapter` and yields what is wrong. `blind` breaks a good little chapter in each of these ways, and each rule must see it.
"""
import ast, copy, io, json, re, statistics, sys, tokenize
from configparser import ConfigParser
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIB = 'vjepa2_nb'
LINES, MEDIAN, EXAMPLE, EXPORT, CLASS, MODULE, SIZE = 50, 10, 25, 60, 110, 320, 300_000 # lines: function, body of the median function, cells; bytes of a notebook
NOT_CHAPTERS = ('index', '00c_contributing') # no exercises, no table
DIRECTIVE = re.compile(r'#\s*\|\s*([\w-]+)')
ASSERTS = re.compile(r'^\s*assert\b|\btest_\w+\(', re.M)
UNFINISHED = re.compile(r'\b(TODO|FIXME|XXX+|TBD|REMEASURE|MIN)\b|lorem ipsum')

def colab_cell(stem):
    "The cell that installs the package on Colab and does nothing elsewhere."
    cfg = ConfigParser(delimiters=['=']); cfg.read(ROOT/'settings.ini', encoding='utf-8')
    url, branch = cfg['DEFAULT']['git_url'], cfg['DEFAULT']['branch']
    tests = ' '.join(f'"{o}"' for o in cfg['DEFAULT']['lab_requirements'].split() if '<' in o) # Colab has a Jupyter of its own
    source = f'''#| hide
import sys
if 'google.colab' in sys.modules: # does nothing elsewhere
    !pip install -q "{LIB} @ git+{url}@{branch}" {tests} && vjepa2 lab --copy /content/book
    %cd /content/book
    import nbdev; nbdev.nbdev_export = lambda: None # there is no module to write there'''
    return dict(cell_type='code', execution_count=None, id=f'{stem.split("_")[0]}-colab', metadata={}, outputs=[], source=source.splitlines(True))

class Cell:
    "A cell: its directives, its code without magics, and what it shows."
    def __init__(self, i, data):
        self.i, self.data, self.source, self.code = i, data, ''.join(data['source']), data['cell_type'] == 'code'
        self.flags = set(DIRECTIVE.findall(self.source)) if self.code else set()
        self.lines = [o for o in self.source.splitlines() if o.strip() and not DIRECTIVE.match(o)]
        plain = re.sub(r'(?m)^(\s*)[!%].*', r'\1pass', self.source) if self.code else ''
        self.body = ast.parse(plain).body
        self.exported, self.tests = bool(self.flags & {'export', 'exporti', 'exports'}), bool(self.code and ASSERTS.search(self.source))
        self.comments = {t.start[0]: t.string for t in tokenize.generate_tokens(io.StringIO(plain).readline) if t.type == tokenize.COMMENT}
        self.names = {n.id for o in self.body for n in ast.walk(o) if isinstance(n, ast.Name)} | {n.attr for o in self.body for n in ast.walk(o) if isinstance(n, ast.Attribute)}

class Chapter:
    "A notebook and the module that it exports."
    def __init__(self, stem, nb, module='', size=0):
        self.stem, self.nb, self.module, self.size = stem, nb, module, size
        self.cells = [Cell(i, c) for i, c in enumerate(nb['cells'])]
        self.code, self.text = [c for c in self.cells if c.code], [c for c in self.cells if not c.code]
        self.is_chapter = stem not in NOT_CHAPTERS
        self.defs = [(c, o) for c in self.code if c.exported for o in c.body if isinstance(o, (ast.FunctionDef, ast.ClassDef)) and o.name[0] != '_']
    def functions(self):
        for c in self.code:
            for o in (n for s in c.body for n in ast.walk(s) if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef))): yield c, o, o.end_lineno-o.lineno+1

def lengths(ch):
    "Functions have at most 50 lines and in the median about 6 below the signature, modules 320, example cells 25, exported cells 60, or 110 with a class."
    for c, o, n in ch.functions():
        if n > LINES: yield f'cell {c.i}: {o.name} has {n} lines, at most {LINES}'
    bodies = [o.end_lineno-o.body[bool(ast.get_docstring(o)) and len(o.body) > 1].lineno+1 for c, o, n in ch.functions() if c.exported]
    if bodies and statistics.median(bodies) > MEDIAN: yield f'the median function has {statistics.median(bodies):.0f} lines below its signature, at most {MEDIAN}'
    for c in ch.code:
        most = EXAMPLE if not c.exported else CLASS if any(isinstance(o, ast.ClassDef) for o in c.body) else EXPORT
        if len(c.lines) > most: yield f'cell {c.i} has {len(c.lines)} lines, at most {most}'
    if (n := len(ch.module.splitlines())) > MODULE: yield f'the module has {n} lines, at most {MODULE}'

def values(ch):
    "A cell that shows text ends in a value, not in print(x); one that draws shows its picture."
    for c in ch.code:
        if not c.body or c.flags & {'hide', 'slow', 'cuda', 'hub'}: continue
        last = c.body[-1]
        while isinstance(last, ast.With): last = last.body[-1]
        if isinstance(last, ast.Expr) and isinstance(last.value, ast.Call) and getattr(last.value.func, 'id', '') == 'print': yield f'cell {c.i} ends in print'
        elif not isinstance(last, ast.Expr) and not c.tests and any('image/png' not in o.get('data', {}) for o in c.data['outputs']): yield f'cell {c.i} shows something, but does not end in a value'

def readable(ch):
    "No visible output has a temporary path, the name of a NumPy type around a number, or more than eleven decimals."
    for c in ch.code:
        if 'hide' in c.flags: continue
        text = '\n'.join(''.join(o.get('text', '')) + ''.join(o.get('data', {}).get('text/markdown', o.get('data', {}).get('text/plain', ''))) for o in c.data['outputs'])
        if m := re.search(r'/tmp/\S*|np\.\w+\(|\d\.\d{12,}', text): yield f'cell {c.i} shows {m[0][:40]}'

def sliders(ch):
    "In the section of each widget with sliders there is a plain picture, for those who read it on paper, on GitHub or on a phone."
    sections = [0]
    for c in ch.cells: sections.append(sections[-1]+(not c.code and bool(re.search(r'^## ', c.source, re.M))))
    kinds = [[k for o in c.data.get('outputs', []) for k in o.get('data', {})] for c in ch.cells]
    moves = [any(''.join(o.get('data', {}).get('text/plain', '')).startswith('interactive(') for o in c.data.get('outputs', [])) for c in ch.cells]
    plain = {s for c, s, k in zip(ch.cells, sections[1:], kinds) if 'hide' not in c.flags and any(o.startswith('image/') for o in k)}
    for c, s, m in zip(ch.cells, sections[1:], moves):
        if m and s not in plain: yield f'cell {c.i} has sliders, but no cell of its section a picture'

def parameters(o):
    "What must be commented: the parameters of a function, those of a class's __init__, or the fields of a dataclass."
    if isinstance(o, ast.ClassDef):
        if any('dataclass' in ast.unparse(d) for d in o.decorator_list): return [(s.target.id, s.lineno) for s in o.body if isinstance(s, ast.AnnAssign)]
        init = [s for s in o.body if isinstance(s, ast.FunctionDef) and s.name == '__init__']
        return parameters(init[0]) if init else []
    a = o.args
    return [(p.arg, p.lineno) for p in [*a.posonlyargs, *a.args, *filter(None, [a.vararg]), *a.kwonlyargs, *filter(None, [a.kwarg])] if p.arg not in ('self', 'cls')]

def docments(ch):
    """Each exported function and class has a sentence. Each parameter has a line with its comment; parameters that share a line are named in its comment or in
    the docstring, or the comment has a part for each, or says where they are explained (see `World`)."""
    for c, o in ch.defs:
        if not (doc := ast.get_docstring(o)): yield f'cell {c.i}: {o.name} has no docstring'
        if isinstance(o, ast.ClassDef): doc = f'{doc} {" ".join(ast.get_docstring(s) or "" for s in o.body if isinstance(s, ast.FunctionDef) and s.name == "__init__")}'
        lines, bare = [n for _, n in parameters(o)], []
        for p, n in parameters(o):
            said, alone = c.comments.get(n, ''), lines.count(n) == 1 and not re.match(r'\s*def ', c.source.splitlines()[n-1])
            if not (said and (alone or 'see `' in said or len(re.split('[,;]', said)) >= max(2, lines.count(n))) or re.search(rf'\b{p}\b', f'{said} {doc}')): bare.append(p)
        if bare: yield f'cell {c.i}: {o.name}: nothing said of {", ".join(bare)}'

def tested(ch):
    "Each exported function and class is in a cell with an assertion, or made what is named in one."
    used, made = set(), {}
    for c in ch.code:
        if c.exported: continue
        for s in c.body: # what each statement names, for the variables that it sets
            names = {n.id for n in ast.walk(s) if isinstance(n, ast.Name)} | {n.attr for n in ast.walk(s) if isinstance(n, ast.Attribute)}
            from_ = names.union(*(made.get(n, set()) for n in names))
            for v in [n.id for n in ast.walk(s) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)] + [getattr(s, 'name', '')]: made[v] = made.get(v, set()) | from_
        if c.tests: used |= c.names.union(*(made.get(n, set()) for n in c.names))
    for c, o in ch.defs:
        if o.name not in used: yield f'cell {c.i}: {o.name} is in no cell with an assertion'

def sizes(ch):
    "A notebook stays below 300 kB."
    if ch.size > SIZE: yield f'it has {ch.size/1000:.0f} kB, at most {SIZE/1000:.0f}'

def exercises(ch):
    "`## Try it` has exercises, each with an answer that is folded and tested."
    if not ch.is_chapter: return
    start = next((c.i for c in ch.text if re.search(r'^## Try it', c.source, re.M)), None)
    if start is None: return (yield 'there is no `## Try it`')
    asked = sum(len(re.findall(r'^(?:\*\*|### )?\d\.', c.source, re.M)) for c in ch.text if c.i >= start)
    answers = [c for c in ch.code if c.i > start and 'code-fold' in c.flags]
    if asked < 2: yield f'{asked} exercises, at least 2'
    if len(answers) < asked: yield f'{asked} exercises, but {len(answers)} folded answers'
    for c in answers:
        if not c.tests: yield f'cell {c.i}: the answer has no assertion'

def table(ch):
    "The table *Faithful / changed / why*, with at least one row."
    if not ch.is_chapter: return
    if not any(re.search(r'^## Faithful / changed / why.*?^\|.*\|\n\|[-| :]+\|\n\|.*\|', c.source, re.M | re.S) for c in ch.text): yield 'there is no table `## Faithful / changed / why`'

def opening(ch):
    "A title with a line below it, what you will see, and the minutes on 2 CPU cores."
    first = '\n'.join(c.source for c in ch.text[:3])
    for what, found in {'a title and a `>` line': r'\A# .+\n+> .+', **({'what you will see': r'(?i)you will\b', 'the minutes on 2 CPU cores': r'(minute|second)s?\b[^.]*\bon 2 CPU cores'} if ch.is_chapter else {})}.items():
        if not re.search(found, first): yield f'the opening lacks {what}'

def finished(ch):
    "No marker of something that is still to be written."
    for c in ch.cells:
        if found := {m[0] for m in UNFINISHED.finditer(c.source)}: yield f'cell {c.i}: {", ".join(sorted(found))}'

def form(ch):
    "JupyterLab finds the kernel, and the ids of the cells begin with the chapter's number."
    if ch.nb['metadata'].get('kernelspec', {}).get('name') != 'python3': yield 'the metadata name no kernel, so JupyterLab asks for one'
    number = ch.stem.split('_')[0]
    ids = [c.data.get('id', '') for c in ch.cells]
    if len(set(ids)) < len(ids): yield 'two cells have the same id'
    if ch.is_chapter and (other := [i for i in ids if not i.startswith(f'{number}-')]): yield f'ids that do not begin with {number}-: {", ".join(other[:5])}'

def colab(ch):
    "A chapter has the cell that installs on Colab: `python tools/lint.py --fix` writes it."
    if ch.is_chapter and sum(c.source == ''.join(colab_cell(ch.stem)['source']) for c in ch.cells) != 1: yield 'no cell for Colab: run `.venv/bin/python tools/lint.py --fix`'

RULES = {f.__name__: f for f in (lengths, values, readable, sliders, docments, tested, sizes, exercises, table, opening, finished, form, colab)}

def read(path):
    "A chapter from its file."
    nb = json.loads(path.read_text(encoding='utf-8'))
    name = next((m[1] for c in nb['cells'] if (m := re.search(r'#\|\s*default_exp (\w+)', ''.join(c['source'])))), None)
    module = ROOT/LIB/f'{name}.py'
    return Chapter(path.stem, nb, module.read_text(encoding='utf-8') if name and module.exists() else '', path.stat().st_size)

def fix(path):
    "Write the Colab cell, or its new form, below the title; True if the file changed."
    nb = json.loads(path.read_text(encoding='utf-8'))
    before = copy.deepcopy(nb)
    cell = colab_cell(path.stem)
    nb['cells'] = [c for c in nb['cells'] if c.get('id') != cell['id']]
    at = next(i for i, c in enumerate(nb['cells']) if c['cell_type'] == 'markdown')+1
    nb['cells'].insert(at, cell)
    if nb != before: path.write_text(json.dumps(nb, indent=1, ensure_ascii=False, sort_keys=True)+'\n', encoding='utf-8')
    return nb != before

def good():
    "A little chapter that keeps every rule."
    def cell(i, source, **kw): return dict(cell_type='code', id=f'99-{i:03d}', metadata={}, source=source, outputs=[], execution_count=None) | kw
    def text(i, source): return dict(cell_type='markdown', id=f'99-{i:03d}', metadata={}, source=source)
    def shown(kind='text/plain', value='2'): return [dict(output_type='execute_result', data={kind: value})]
    return dict(metadata=dict(kernelspec=dict(name='python3')), cells=[cell(0, '#| default_exp x'),
        text(1, '# T\n\n> line\n\nYou will see it. It takes 1 minute on 2 CPU cores.'), colab_cell('99_x'),
        cell(2, '#| export\ndef f(\n    a:int # number\n)->int: # it\n    "One more."\n    return a+1'), cell(3, 'f(1)', outputs=shown()), cell(4, 'assert f(1)==2'),
        text(5, '## Try it\n\n1. Why?'), cell(6, '#| code-fold: true\nassert f(0)==1\nf(0)', outputs=shown(value='interactive(children=(IntSlider')), text(7, '2. How?'), cell(8, '#| code-fold: true\nassert f(2)==3', outputs=shown('image/png')),
        text(9, '## Faithful / changed / why\n\n| a | b |\n|---|---|\n| 1 | 2 |')])

MUTANTS = [ # rule, cell of `good`, what is replaced, by what
    ('lengths', 3, '    return a+1', '    return a+1\n'*51), ('lengths', 3, '    return a+1', '    a += 1\n'*11+'    return a'), ('lengths', 4, 'f(1)', 'f(1)\n'*26),
    ('lengths', 3, '    return a+1', '    return a+1\n'+'x = 1\n'*60), ('lengths', None, 'module', 'x\n'*321), ('values', 4, 'f(1)', 'print(f(1))'), ('values', 4, 'f(1)', 'y = f(1)'), ('values', 4, 'f(1)', 'with x: print(f(1))'),
    ('values', 4, 'f(1)', 'for i in [1]: f(i)'),
    *(('readable', 4, None, dict(outputs=[dict(output_type='execute_result', data={'text/plain': o})])) for o in ('/tmp/tmpx/a', 'np.float64(1.0)', '0.1234567890123')),
    ('sliders', 9, None, dict(outputs=[])), ('sliders', 9, 'assert', '#| hide\nassert'), ('sliders', 8, '2. How?', '## How?'), ('docments', 3, ' # number', ''), ('docments', 3, 'a:int', 'a, b'), ('docments', 3, '(\n    a:int # number\n)', '(a:int)'), ('docments', 3, '    "One more."\n', ''),
    ('tested', 5, 'f(1)==2', '2'), ('sizes', None, 'size', SIZE+1), ('exercises', 6, 'Try it', 'Try'), ('exercises', 6, '1. Why?', '1. Why?\n\n3. Who?'), ('exercises', 9, 'assert f(2)==3', 'f(2)'),
    ('exercises', 8, '2. How?', ''), ('table', 10, 'changed', 'altered'), ('table', 10, '| 1 | 2 |', ''), ('opening', 1, '> line', 'line'), ('opening', 1, 'You will see', 'See'), ('opening', 1, 'on 2 CPU cores', ''),
    ('finished', 1, 'it.', 'TODO.'), ('finished', 5, 'assert', '# REMEASURE\nassert'), ('form', None, 'kernel', None), ('form', 4, None, dict(id='98-003')), ('form', 4, None, dict(id='99-002')), ('colab', 2, 'git+', 'git ')]

def blind():
    "Rules that do not see their mutant, or that blame the good chapter."
    for name, rule in RULES.items():
        if wrong := list(rule(Chapter('99_x', good(), 'x\n', 1))): yield f'{name} blames a good chapter: {wrong}'
    for rule, i, old, new in MUTANTS:
        nb, module, size = good(), 'x\n', 1
        if old == 'module': module = new
        elif old == 'size': size = new
        elif old == 'kernel': nb['metadata'] = {}
        elif old is None: nb['cells'][i] |= new
        else:
            was = ''.join(nb['cells'][i]['source'])
            nb['cells'][i]['source'] = was.replace(old, new)
            if was == nb['cells'][i]['source']: yield f'{rule}: the mutant {new!r} is the original'
            if rule == 'tested': nb['cells'] = nb['cells'][:7]
        if not list(RULES[rule](Chapter('99_x', nb, module, size))): yield f'{rule} does not see {str(new)[:40]!r} in cell {i}'

def notebooks(): return sorted(ROOT.glob('nbs/[!._]*.ipynb'))

def check():
    "For tools/check.py: each rule over all notebooks, and the lint itself."
    chapters = list(map(read, notebooks()))
    yield 'the lint sees every mutant', '\n'.join(blind())
    for name, rule in RULES.items(): yield f'{name}: {rule.__doc__}', '\n'.join(f'{ch.stem}: {o}' for ch in chapters for o in rule(ch))

def main(words):
    "List or mend; 1 if something is wrong."
    paths = [f for f in notebooks() if not (names := [w for w in words if w != '--fix']) or f.stem in names]
    if '--fix' in words: print(*(f'{f.name}: Colab cell written' for f in paths if f.stem not in NOT_CHAPTERS and fix(f)), sep='\n')
    wrong = [f'lint: {o}' for o in blind()] + [f'{f.stem}: {name}: {o}' for f in paths for name, rule in RULES.items() for o in rule(read(f))]
    print(*wrong, f'{len(wrong)} problems in {len(paths)} notebooks', sep='\n')
    return 1 if wrong else 0

if __name__ == '__main__': sys.exit(main(sys.argv[1:]))
