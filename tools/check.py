"""Check the whole book. `python tools/check.py` runs every check, `python tools/check.py export clean` only those.

Each check yields pairs (name, problem), with an empty problem when all is well.
The files are compared before and after, so uncommitted work is no obstacle; nothing is restored.
"""
import hashlib, json, os, re, shutil, subprocess, sys, time, zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
LIB, FROM_WHEEL = 'vjepa2_nb', ('03c_checkpoints', '99_contributing') # notebooks that are run from the wheel's copy: quick, and they need files, and nbdev
IMPORT_ALL = f'''import importlib, pkgutil, {LIB}
for m in pkgutil.walk_packages({LIB}.__path__, '{LIB}.'): importlib.import_module(m.name)'''

FOR_QUARTO = '''import os, sys
from execnb.nbio import read_nb
from nbdev.processors import FilterDefaults
home, os.environ['IN_TEST'] = os.getcwd(), '1'
for path in sys.argv[1:]:
    os.chdir(home) # where nbdev_docs runs them
    try: FilterDefaults()(read_nb(path))
    except Exception as e: print(f'BAD {path}: {str(e)[:400]} ({e.__cause__!r})'.replace('\\n', '  '))'''

def environment():
    "Two workers on two cores: one thread each. No model hub, and no variable that changes what nbdev or Python do."
    env = {k: v for k, v in os.environ.items() if k not in ('IN_TEST', 'PYTHONPATH', 'PYTHONHOME')}
    return {**env, 'OMP_NUM_THREADS': '1', 'MKL_NUM_THREADS': '1', 'HF_HUB_OFFLINE': '1',
            'PATH': f'{BIN}{os.pathsep}{env["PATH"]}'}

def run(*cmd, cwd=ROOT, show=False):
    "Run `cmd` and return its exit status and its output, which is also printed as it comes with `show`."
    lines = []
    with subprocess.Popen([str(o) for o in cmd], cwd=cwd, env=environment(), text=True, errors='replace',
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as p:
        for line in p.stdout:
            lines.append(line)
            if show: print(line, end='', flush=True)
    return p.returncode, ''.join(lines)

def tail(output, n=12): return '\n'.join(output.strip().splitlines()[-n:])

def book_files(pattern='*'):
    "Notebooks and modules, without checkpoints and caches."
    files = [*ROOT.glob(f'nbs/**/{pattern}.ipynb'), *ROOT.glob(f'{LIB}/**/{pattern}.py')]
    return sorted(f for f in files if not any(o[0] in '._' for o in f.relative_to(ROOT).parts[:-1]))

def hashes(): return {f.relative_to(ROOT).as_posix(): hashlib.sha256(f.read_bytes()).hexdigest() for f in book_files()}

def changes_nothing(command, warning='\0'):
    "The problem if `command` fails or changes a file of the book."
    before = hashes()
    status, out = run(command)
    after = hashes()
    if status or warning in out: return tail(out)
    changed = sorted(k for k in before.keys() | after.keys() if before.get(k) != after.get(k))
    return changed and f'it changed {", ".join(changed)}: run `.venv/bin/{command}` and commit the result'

def export():
    "Modules are up to date with the notebooks, and each has one."
    yield 'nbdev_export changes nothing', changes_nothing('nbdev_export')
    lost = []
    for f in ROOT.glob(f'{LIB}/**/*.py'):
        source = re.search(r'File to edit: (.*\.ipynb)', f.read_text(encoding='utf-8'))
        if source and not (f.parent/source[1]).exists(): lost.append(f'{f.relative_to(ROOT)} (from {source[1]})')
    yield 'every module has its notebook', lost and f'no notebook for {", ".join(lost)}: delete the module'

def clean():
    "Notebooks carry no superfluous metadata."
    yield 'nbdev_clean changes nothing', changes_nothing('nbdev_clean', 'Failed to clean')

def names():
    "No module uses a name that only its notebook has."
    status, out = run(sys.executable, '-m', 'pyflakes', LIB)
    lost = [line for line in out.splitlines() if 'undefined name ' in line]
    yield 'every name is known in its module', '\n'.join(lost) or 'No module' in out and tail(out)

def readme():
    "README.md is what the index notebook says."
    status, out = run(sys.executable, 'tools/readme.py', '--check')
    yield 'README.md is up to date', status and tail(out)

def outputs():
    "No stored output is an error."
    bad = []
    for f in ROOT.glob('nbs/**/[!.]*.ipynb'):
        for i, cell in enumerate(json.loads(f.read_text(encoding='utf-8'))['cells']):
            bad += [f'{f.name} cell {i}: {o["ename"]}' for o in cell.get('outputs', []) if o['output_type'] == 'error']
    yield 'no notebook output is an error', ', '.join(bad)

def fresh():
    "Outputs are those of the present code: of the notebook, of the modules below it, of the stored results."
    status, out = run(sys.executable, 'tools/outputs.py', '--check')
    yield 'no notebook output is stale', status and tail(out, 60)

def quarto():
    "nbdev_docs can prepare every notebook for Quarto: it runs those cells alone that import, export or show documentation."
    files = sorted(f for f in ROOT.glob('nbs/*.ipynb') if f.name[0] not in '._')
    status, out = run(sys.executable, '-c', FOR_QUARTO, *(f.relative_to(ROOT) for f in files))
    yield 'quarto: every notebook is prepared', '\n'.join(re.findall(r'^BAD (.*)', out, re.M)) or status and tail(out)

def site():
    "The site is built without a warning; its pages have titles, words for pictures, contrast, and no dead or foreign link."
    work = ROOT/'.site'
    shutil.rmtree(work, ignore_errors=True)
    (work/'src').mkdir(parents=True)
    status, out = run(sys.executable, '-m', 'sphinx', '-q', '-W', '--keep-going', '-c', 'docs', '-d', work/'doctrees', work/'src', work/'html')
    yield 'site: built', status and tail(out, 40)
    if not (work/'html/index.html').exists(): return
    shutil.rmtree(ROOT/'_docs', ignore_errors=True)
    (work/'html').rename(ROOT/'_docs')
    status, out = run(sys.executable, 'tools/check_site.py')
    yield 'site: every check of every page', status and tail(out, 40)

def lint():
    "The book keeps its rules of form, see tools/lint.py."
    import lint
    yield from lint.check()

def notebooks():
    "Every notebook runs and its tests pass."
    from nbdev.doclinks import nbglob
    names = sorted(f.name for f in nbglob(as_path=True))
    if not names: yield 'notebooks', 'there are none in nbs'
    status, out = run('nbdev_test', '--n_workers', 2, '--do_print', '--timing', show=True)
    failed = re.findall(r'^\t(\S+\.ipynb)$', out, re.M)
    if status and not failed: yield 'nbdev_test', f'it ended with status {status}'
    for name in names: yield name, name in failed and 'failed, see above'

def wheel():
    "The wheel holds all files and, installed with its dependencies in an empty environment, imports and runs."
    tmp = ROOT/'.wheel_test'
    python = tmp/'venv/bin/python'
    shutil.rmtree(tmp, ignore_errors=True)
    try:
        status, out = run(sys.executable, '-m', 'build', '--outdir', tmp/'dist', '.')
        yield 'wheel: build', status and tail(out)
        if status: return
        whl, = tmp.glob('dist/*.whl')
        book = [f.relative_to(ROOT/'nbs') for f in ROOT.glob('nbs/**/*') if f.is_file()]
        book = {f.as_posix() for f in book if not any(o[0] in '._' for o in f.parts)}
        files = {f.relative_to(ROOT).as_posix() for f in (*ROOT.glob(f'{LIB}/**/*.py'), *ROOT.glob(f'{LIB}/weights/*'))}
        missing = (files | {f'{LIB}/book/{f}' for f in book}) - set(zipfile.ZipFile(whl).namelist())
        yield 'wheel: holds every module, weight and notebook', missing and f'it lacks {", ".join(sorted(missing))}'
        pip = python, '-m', 'pip', 'install', '-q', '--no-compile', '-c', ROOT/'constraints.txt'
        for name, cmd in {'empty environment': (sys.executable, '-m', 'venv', tmp/'venv'),
                          'install': (*pip, whl),
                          'import every module': (python, '-I', '-c', IMPORT_ALL),
                          'vjepa2 --help': (tmp/'venv/bin/vjepa2', '--help'),
                          'vjepa2 lab copies the book': (tmp/'venv/bin/vjepa2', 'lab', '--copy', tmp/'book'),
                          'install the extra lab': (*pip, f'{whl}[lab]'),
                          'copied notebooks run': (python, '-m', 'nbconvert', '--to', 'notebook', '--execute', *(tmp/f'book/{n}.ipynb' for n in FROM_WHEEL))}.items():
            status, out = run(*cmd, cwd=tmp)
            lost = 'book' in name and not status and book - {f.relative_to(tmp/'book').as_posix() for f in tmp.glob('book/**/*')}
            yield f'wheel: {name}', status and tail(out) or lost and f'the copy lacks {", ".join(sorted(lost))}'
            if status: return
    finally: shutil.rmtree(tmp, ignore_errors=True)

CHECKS = {f.__name__: f for f in (export, clean, names, readme, outputs, lint, fresh, quarto, site, notebooks, wheel)}

def main(names):
    "Run the checks in `names`, or all; return 1 if one fails."
    passed, failed = 0, []
    for name in names or CHECKS:
        print(f'== {name}: {CHECKS[name].__doc__}', flush=True)
        start = time.time()
        for what, problem in CHECKS[name]():
            print(f'   {"FAILED" if problem else "ok"}: {what}', flush=True)
            if problem: failed.append(f'FAILED: {what}\n{problem}')
            else: passed += 1
        print(f'   {time.time() - start:.0f} s', flush=True)
    print('', *failed, f'{passed} passed, {len(failed)} failed', sep='\n')
    return 1 if failed or not passed else 0

if __name__ == '__main__': sys.exit(main(sys.argv[1:]))
