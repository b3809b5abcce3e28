"""Outputs that cannot be stale. `python tools/outputs.py` runs, in place, each notebook whose outputs are not those of the present code.

nbs/outputs.json holds a stamp for each notebook: a hash of its code cells and outputs, of the modules that they use (and what those
use), of the stored results, fixtures and weights that these name, and of the pinned requirements. `--check` only says which differ.
`--keep NAME ...` stamps outputs as they are: for a notebook that you have just run from the first cell to the last, in a new kernel.
"""
import hashlib, json, re, subprocess, sys
from concurrent.futures import ThreadPoolExecutor
from configparser import ConfigParser
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NBS, STAMPS, LIB = ROOT/'nbs', ROOT/'nbs/outputs.json', 'vjepa2_nb'

def notebooks(): return sorted(f for f in NBS.glob('[!._]*.ipynb'))
def read(path): return path.read_text(encoding='utf-8')
def imported(source): return {m for m in re.findall(rf'(?:from|import) +(?:\.|{LIB}\.)(\w+)', source) if (ROOT/LIB/f'{m}.py').exists()}

def pins():
    "The lines of constraints.txt for the packages that the modules need: what comes with the site or JupyterLab draws no output."
    cfg = ConfigParser(delimiters=['='])
    cfg.read(ROOT/'settings.ini', encoding='utf-8')
    needed = re.findall(r'(?m)^([\w-]+)', cfg['DEFAULT']['requirements'])
    return [o for o in read(ROOT/'constraints.txt').splitlines() if o.split('==')[0] in needed]

def stamp(path):
    "Hash of a notebook's code and outputs, and of all that they depend on."
    cells = [c for c in json.loads(read(path))['cells'] if c['cell_type'] == 'code']
    code = [''.join(c['source']) for c in cells if 'nbdev_export(' not in ''.join(c['source'])]
    modules, new = set(), imported('\n'.join(code))
    while new: modules, new = modules | new, set().union(*(imported(read(ROOT/LIB/f'{m}.py')) for m in new)) - modules - new
    sources = {m: re.sub(r'(?m)^# %%.*', '', read(ROOT/LIB/f'{m}.py')) for m in sorted(modules)}
    files = {NBS/f for o in code for f in re.findall(r'(?:results|fixtures)/[\w.-]+', o) if (NBS/f).is_file()}
    if any("'weights'" in s for s in sources.values()): files |= set((ROOT/LIB/'weights').glob('*'))
    data = {f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in sorted(files)}
    outputs = [[{k: v for k, v in o.items() if k != 'execution_count'} for o in c['outputs']] for c in cells]
    return hashlib.sha256(json.dumps([code, outputs, sources, data, pins()], sort_keys=True).encode()).hexdigest()[:16]

def stale():
    "Notebooks whose outputs are not those of the present code."
    known = json.loads(read(STAMPS)) if STAMPS.exists() else {}
    return [f for f in notebooks() if known.get(f.stem) != stamp(f)]

def keep(paths):
    "Stamp these notebooks, and forget those that are gone."
    known = json.loads(read(STAMPS)) if STAMPS.exists() else {}
    known |= {f.stem: stamp(f) for f in paths}
    STAMPS.write_text(json.dumps({f.stem: known[f.stem] for f in notebooks() if f.stem in known}, indent=1) + '\n')

def execute(path):
    "Run a notebook from the first cell to the last in a new kernel; its outputs replace the old ones. What went wrong, or ''."
    print(f'running {path.relative_to(ROOT)}', flush=True)
    for cmd in ([sys.executable, '-m', 'nbconvert', '--to', 'notebook', '--execute', '--inplace', '--ExecutePreprocessor.timeout=1800', path],
                [Path(sys.executable).parent/'nbdev_clean', '--fname', path]):
        done = subprocess.run(list(map(str, cmd)), cwd=ROOT, capture_output=True, text=True)
        if done.returncode: return f'{path.relative_to(ROOT)} failed:\n{done.stderr[-2000:]}'
    return ''

def main(args):
    "Return 1 if a notebook failed, or with `--check` if one is stale."
    if args[:1] == ['--keep']: return keep([NBS/f'{Path(o).stem}.ipynb' for o in args[1:]] or notebooks())
    old = stale()
    if args == ['--check']:
        for f in old: print(f'{f.relative_to(ROOT)}: its outputs are not those of the present code: run `.venv/bin/python tools/outputs.py`')
        return 1 if old else 0
    with ThreadPoolExecutor(2) as pool: problems = list(pool.map(execute, old))
    keep([f for f, p in zip(old, problems) if not p])
    print(*filter(None, problems), sep='\n', end='')
    return 1 if any(problems) else 0

if __name__ == '__main__': sys.exit(main(sys.argv[1:]))
