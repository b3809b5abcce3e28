"""Look at the book as a person does, in headless Chromium. `python tools/browser.py [--notebooks NAME ...] [--pages NAME ...]`

Notebooks: `vjepa2 lab` copies the book and starts JupyterLab; each notebook is opened, Run All is done, every slider and menu is moved.
Pages: each page of the built site (`_docs`) is opened at desktop and phone width, in light and dark (listings of source code: desktop only);
its screenshots go to --shots.
Both parts also get something broken, and must see it. Without names: all notebooks and all pages. NAME is `00_video` or `index`.
"""
import argparse, asyncio, json, os, re, secrets, shutil, socket, subprocess, sys, tempfile, threading, time
from functools import cache, partial
from html import unescape
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parent.parent
ATONCE, PATIENCE, PREFIX = 2, 900, '/vjepa2_nb/' # notebooks at once; seconds for one; where GitHub Pages has the site
BROWSERS = ('chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
            '/Applications/Chromium.app/Contents/MacOS/Chromium')

# Chromium

def install_chromium():
    "Debian has it as a package. Elsewhere (Ubuntu's package is a snap) playwright knows where to get it."
    sudo = [] if os.geteuid() == 0 else ['sudo', '-n']
    debian = 'ID=debian' in Path('/etc/os-release').read_text().split('\n') if Path('/etc/os-release').exists() else False
    commands = [[*sudo, 'apt-get', 'update'], [*sudo, 'apt-get', 'install', '-y', '--no-install-recommends', 'chromium', 'fonts-dejavu-core']] if debian else [
        [sys.executable, '-m', 'playwright', 'install', *(['--with-deps'] if shutil.which('apt-get') else []), 'chromium']]
    for cmd in commands:
        print('   installing Chromium:', *cmd, flush=True)
        try: done = subprocess.run(cmd, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={**os.environ, 'DEBIAN_FRONTEND': 'noninteractive'})
        except FileNotFoundError as e: return f'{e.filename} is missing'
        if done.returncode: return done.stdout[-600:]
    return ''

async def chromium(play):
    "A running browser, or SystemExit with one message."
    def found(): return next((o for o in (os.environ.get('CHROMIUM'), *map(shutil.which, BROWSERS), play.chromium.executable_path) if o and Path(o).exists()), None)
    why = '' if found() else install_chromium()
    if not found(): sys.exit(f'Chromium is missing and could not be installed: {why}\nInstall it (Debian: apt install chromium), or name one: CHROMIUM=/path/to/chrome make test-browser\n0 passed, 1 failed')
    return await play.chromium.launch(executable_path=found(), args=['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'])

# JupyterLab

WAIT = '''async () => { const w = window.jupyterapp.shell.currentWidget; await w.context.ready; await w.sessionContext.ready; await w.sessionContext.session.kernel.info }'''
RUN = '''async () => { await window.jupyterapp.commands.execute('notebook:run-all-cells') }'''
CELLS = '''() => [...window.jupyterapp.shell.currentWidget.content.model.cells].map(c => ({code: c.type == 'code', source: c.sharedModel.getSource(),
    ran: c.executionCount != null, outputs: c.type == 'code' ? c.outputs.toJSON() : []}))'''
SHOW = '''async i => { const c = window.jupyterapp.shell.currentWidget.content; c.activeCellIndex = i; await c.scrollToItem(i, 'start'); }'''
NODE = '''i => window.jupyterapp.shell.currentWidget.content.widgets[i].node'''
SEEN = '''n => JSON.stringify([...n.querySelectorAll('.jp-OutputArea-output img, .jp-OutputArea-output canvas, .jp-OutputArea-output svg')].map(o => o.src || o.outerHTML))'''
IDLE = '''() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.status == 'idle' '''
STOP = '''async () => { const s = window.jupyterapp.shell.currentWidget.sessionContext; await s.shutdown() }'''
ERROR = '[data-mime-type="application/vnd.jupyter.error"], [data-mime-type="application/vnd.jupyter.stderr"]'
BROKEN = [['raise_', '1+1', '1/0', '2+2'], ['dead_', 'from ipywidgets import interactive\nimport matplotlib.pyplot as plt\n'
    'def draw(x): plt.figure(figsize=(1,1)); plt.plot([1,2]); plt.show()\ninteractive(draw, {"auto_display": True}, x=(0, 3))']]

def server(folder, home):
    "JupyterLab on a copy of the book in `folder`, as `vjepa2 lab` starts it: (process, address, token). Its settings are in `home`."
    with socket.socket() as s: s.bind(('127.0.0.1', 0)); port = s.getsockname()[1]
    token = secrets.token_hex(16)
    def put(name, data): (home/name).parent.mkdir(parents=True, exist_ok=True); (home/name).write_text(json.dumps(data))
    put('config/jupyter_server_config.json', {'IdentityProvider': {'token': token}, 'ServerApp': {'port_retries': 0}, 'LabApp': {'expose_app_in_browser': True}})
    put('settings/@jupyterlab/apputils-extension/notification.jupyterlab-settings', {'fetchNews': 'false', 'checkForUpdates': False})
    env = {k: v for k, v in os.environ.items() if k not in ('IN_TEST', 'PYTHONHOME', 'JUPYTER_CONFIG_PATH')}
    env |= {'OMP_NUM_THREADS': '1', 'MKL_NUM_THREADS': '1', 'HF_HUB_OFFLINE': '1', 'PYTHONPATH': str(ROOT), 'JUPYTER_CONFIG_DIR': str(home/'config'),
            'JUPYTERLAB_SETTINGS_DIR': str(home/'settings'), 'JUPYTERLAB_WORKSPACES_DIR': str(home/'workspaces'), 'JUPYTER_RUNTIME_DIR': str(home/'runtime'),
            'IPYTHONDIR': str(home/'ipython')}
    log = open(home/'log', 'w')
    cmd = [sys.executable, '-c', 'import sys; from vjepa2_nb.cli import main; sys.exit(main())', 'lab', folder, '--no-browser', '--port', port]
    p = subprocess.Popen(list(map(str, cmd)), cwd=home, env=env, stdout=log, stderr=log)
    for _ in range(600):
        try:
            if urlopen(f'http://127.0.0.1:{port}/api/status?token={token}', timeout=5).status == 200: return p, f'http://127.0.0.1:{port}', token
        except OSError: time.sleep(.2)
        if p.poll() is not None: break
    p.terminate()
    raise RuntimeError(f'JupyterLab did not start:\n{(home/"log").read_text()[-1500:]}')

async def move(page, cell, node, n):
    "Move control `n` of a widget with the keyboard, until its picture is another. A problem, or ''."
    control = node.locator('.noUi-handle, select').nth(n)
    name = await control.evaluate("o => o.closest('.widget-inline-hbox, .jupyter-widgets')?.querySelector('label')?.textContent || o.ariaLabel || 'slider'")
    before = await node.evaluate(SEEN)
    if before == '[]': return f'cell {cell}: {name}: the widget shows no picture'
    if await control.evaluate("o => o.tagName == 'SELECT'"):
        k = await control.evaluate('o => (o.selectedIndex+1) % o.options.length')
        tries = [lambda: control.select_option(index=k)]
    else: tries = [partial(control.press, key) for key in ('ArrowRight', 'ArrowLeft', 'End', 'Home')]
    for attempt in tries:
        await attempt()
        end = time.time()+90
        patience = time.time()+4
        while time.time() < end:
            await asyncio.sleep(.25)
            idle = await page.evaluate(IDLE)
            after = await node.evaluate(SEEN)
            if idle and after not in (before, '[]'):
                wrong = node.locator(ERROR)
                return f'cell {cell}: {name}: {(await wrong.first.inner_text())[-200:]}' if await wrong.count() else ''
            if idle and time.time() > patience: break
    return f'cell {cell}: {name}: moving it does not change the picture'

async def widgets(page, cells):
    "Move each control of each widget: (how many were moved, problems)."
    count, problems = 0, []
    for i, c in enumerate(cells):
        views = [o['data'] for o in c['outputs'] if 'application/vnd.jupyter.widget-view+json' in o.get('data', {})]
        if not any('interactive(' in ''.join(d.get('text/plain', '')) for d in views): continue
        await page.evaluate(SHOW, i)
        handle = (await page.evaluate_handle(NODE, i)).as_element()
        await handle.evaluate("(o, i) => o.setAttribute('data-moved', i)", i)
        node = page.locator(f'[data-moved="{i}"]')
        try: await node.locator('.noUi-handle, select').first.wait_for(timeout=30_000)
        except Exception: problems.append(f'cell {i}: the widget has no slider and no menu'); continue
        for n in range(await node.locator('.noUi-handle, select').count()):
            count += 1
            if wrong := await move(page, i, node, n): problems.append(wrong)
    return count, problems

async def run_all(browser, url, token, name, shots):
    "Run All, then the widgets, in a new window: (seconds, controls, problems of the cells, problems of the widgets)."
    context = await browser.new_context(viewport=dict(width=1400, height=900))
    page, began, count, moved = await context.new_page(), time.time(), 0, []
    page.set_default_timeout(60_000)
    try:
        await page.goto(f'{url}/doc/tree/{name}.ipynb?reset&token={token}', wait_until='commit')
        await page.locator('.jp-NotebookPanel .jp-CodeCell').first.wait_for(timeout=240_000)
        await page.evaluate(WAIT)
        try: await asyncio.wait_for(page.evaluate(RUN), PATIENCE)
        except asyncio.TimeoutError: return time.time()-began, 0, [f'Run All took more than {PATIENCE} s'], []
        cells = await page.evaluate(CELLS)
        bad = [f'cell {i}: {o["ename"]}: {o["evalue"][:300]}' for i, c in enumerate(cells) for o in c['outputs'] if o['output_type'] == 'error']
        idle = [str(i) for i, c in enumerate(cells) if c['code'] and c['source'].strip() and not c['ran']]
        if idle and not bad: bad = [f'cells {", ".join(idle)} did not run']
        seconds = time.time()-began
        if not bad: count, moved = await widgets(page, cells)
        return seconds, count, bad, moved
    except Exception as e: return time.time()-began, count, [f'{type(e).__name__}: {str(e)[:300]}'], moved
    finally:
        try: await page.screenshot(path=shots/f'lab_{name}.png'); await page.evaluate(STOP)
        except Exception: pass
        await context.close()

def write_broken(folder):
    "Notebooks that must be seen to fail."
    for name, *sources in BROKEN:
        cells = [dict(cell_type='code', id=f'b{i}', metadata={}, source=s, outputs=[], execution_count=None) for i, s in enumerate(sources)]
        (folder/f'{name}.ipynb').write_text(json.dumps(dict(cells=cells, nbformat=4, nbformat_minor=5, metadata=dict(
            kernelspec=dict(name='python3', display_name='python3', language='python')))))

async def lab(browser, names, shots, report):
    "Every notebook of a copy of the book, two at a time."
    home = Path(tempfile.mkdtemp(prefix='vjepa2_lab_'))
    process = None
    try:
        process, url, token = await asyncio.to_thread(server, home/'book', home)
        there = sorted(f.stem for f in (home/'book').glob('*.ipynb'))
        write_broken(home/'book')
        for lost in set(names)-set(there): report(f'Run All: {lost}', f'the book has no {lost}.ipynb')
        minutes = json.loads((ROOT/'nbs/results/minutes.json').read_text())
        todo = sorted((n for n in there if not names or n in names), key=lambda n: -minutes.get(n, 1)) # the longest first
        queue = iter([*todo, 'raise_', 'dead_'])
        async def worker():
            for name in queue:
                seconds, count, bad, moved = await run_all(browser, url, token, name, shots)
                if name == 'raise_': report('Run All sees a cell that raises', not any('cell 1: ZeroDivisionError' in o for o in bad) and f'it says {bad}')
                elif name == 'dead_': report('a slider without effect is seen', not any('does not change' in o for o in moved) and f'it says {bad or moved}')
                else:
                    report(f'Run All: {name}, {seconds:.0f} s', '\n'.join(bad))
                    if count or moved: report(f'widgets: {name}, {count} moved', '\n'.join(moved))
        await asyncio.gather(*(worker() for _ in range(ATONCE)))
    except RuntimeError as e: report('JupyterLab', str(e))
    finally:
        if process:
            process.terminate()
            try: await asyncio.to_thread(process.wait, 20)
            except subprocess.TimeoutExpired: process.kill()
        shutil.rmtree(home, ignore_errors=True)

# The site

FAULTS = { # what a page must be told off for -> how this one earns it
    'console': '<script>console.error("x")</script>', 'script error': '<script>throw new Error("x")</script>', 'missing file': '<img src="no.png">',
    'other host': '<script src="https://example.org/x.js"></script>', 'broken link': '<a href="no.html">x</a>', 'no such place': '<a href="index.html#none-such">x</a>',
    'sideways': '<div style="width:900px">x</div>', 'light and dark': '<p>x</p>'}
BROKEN_PAGE = '<!doctype html><html><head><title>x</title><meta name="viewport" content="width=device-width"></head><body>%s</body></html>'
SIDEWAYS = '''() => { const all = [document.scrollingElement, ...document.querySelectorAll('body, main, article, [class*=bd-]')].filter(o => !o.closest('pre, table'));
    return all.filter(o => { if (!o.closest('nav, dialog, [class*=sidebar]') || o == document.scrollingElement) { const was = o.scrollLeft; o.scrollLeft = 60; const far = o.scrollLeft; o.scrollLeft = was; return far > 1 } })
        .map(o => `${o.tagName.toLowerCase()}.${o.className}`.slice(0, 60) + ` is ${o.scrollWidth} wide on a screen of ${innerWidth}`) }'''
WINDOWS = dict(viewport=dict(width=1280, height=900)), dict(viewport=dict(width=390, height=844), has_touch=True)
LINKS = '() => [...document.querySelectorAll("a[href]")].map(o => o.href)'
GROUND = '() => getComputedStyle(document.body).backgroundColor + getComputedStyle(document.documentElement).backgroundColor'

def serve(site):
    "The site below PREFIX, as GitHub Pages has it: (server, address)."
    class Handler(SimpleHTTPRequestHandler):
        def translate_path(self, path): return super().translate_path(path[len(PREFIX)-1:] if path.startswith(PREFIX) else '/no such file')
        def do_GET(self):
            if not self.path.startswith(f'{PREFIX}broken.html'): return super().do_GET()
            data = (BROKEN_PAGE % ''.join(FAULTS.values())).encode()
            self.send_response(200); self.send_header('Content-Type', 'text/html'); self.send_header('Content-Length', str(len(data))); self.end_headers()
            self.wfile.write(data)
        def log_message(self, *_): pass
    s = ThreadingHTTPServer(('127.0.0.1', 0), partial(Handler, directory=str(site)))
    threading.Thread(target=s.serve_forever, daemon=True).start()
    return s, f'http://127.0.0.1:{s.server_address[1]}{PREFIX}'

@cache
def places(file): return set(map(unescape, re.findall(r'\b(?:id|name)="([^"]*)"', file.read_text(encoding='utf-8')))) # what a link can lead to in it

def bad_links(hrefs, site, base):
    "Links into the site that lead nowhere. Links to other hosts are not followed."
    for href in sorted(set(hrefs)):
        u, b = urlsplit(href), urlsplit(base)
        if u.scheme not in ('http', 'https') or u.netloc != b.netloc: continue
        if not u.path.startswith(PREFIX): yield f'broken link: {u.path} is outside {PREFIX}'; continue
        file = site/unquote(u.path[len(PREFIX):])
        if file.is_dir(): file = file/'index.html'
        if file.name == 'broken.html': continue
        if not file.is_file(): yield f'broken link: {u.path[len(PREFIX):]}'
        elif u.fragment and file.suffix == '.html' and unquote(u.fragment) not in places(file):
            yield f'broken link: {u.path[len(PREFIX):]}#{u.fragment}: no such place'

async def look(context, base, site, name, shots):
    "Problems of one page in light and dark, in a window as wide as a desktop or a phone."
    problems, page = [], await context.new_page()
    phone = page.viewport_size['width'] < 600
    own = lambda url: url.startswith(base[:-len(PREFIX)]+'/') or urlsplit(url).scheme in ('data', 'blob', 'about')
    page.on('request', lambda r: own(r.url) or problems.append(f'other host: {r.url}'))
    page.on('console', lambda m: m.type == 'error' and 'Failed to load resource' not in m.text and problems.append(f'console: {m.text[:200]}'))
    page.on('pageerror', lambda e: problems.append(f'script error: {str(e)[:200]}'))
    page.on('response', lambda r: r.status >= 400 and problems.append(f'missing file: {r.url} ({r.status})'))
    try:
        await page.goto(base+name, wait_until='networkidle', timeout=60_000)
        if phone: problems += [f'sideways: {o}' for o in await page.evaluate(SIDEWAYS)]
        else: problems += bad_links(await page.evaluate(LINKS), site, base)
        grounds = []
        for scheme in ('light', 'dark'):
            await page.emulate_media(color_scheme=scheme)
            for _ in range(20): # the theme follows the system after a moment
                if (ground := await page.evaluate(GROUND)) not in grounds: break
                await asyncio.sleep(.1)
            grounds.append(ground)
            if name != 'broken.html': await page.screenshot(path=shots/f'{Path(name).with_suffix("").as_posix().replace("/", "_")}_{"phone" if phone else "desktop"}_{scheme}.png')
        if grounds[0] == grounds[1]: problems.append('light and dark: the ground is the same')
    except Exception as e: problems.append(f'{type(e).__name__}: {str(e)[:200]}')
    finally: await page.close()
    return problems

async def pages(browser, site, names, shots, report):
    "Every page of the site, two at a time."
    if not (site/'index.html').exists(): return report('the site', f'{site} has no index.html: build it with `make docs`')
    there = sorted(o for f in site.glob('**/*.html') if not (o := f.relative_to(site).as_posix()).startswith(('_static', '_sources')))
    for lost in {f'{n}.html' for n in names}-set(there): report(f'page: {lost}', 'there is no such page')
    httpd, base = serve(site)
    queue = iter([*(o for o in there if not names or o[:-5] in names), 'broken.html'])
    async def worker():
        windows = [await browser.new_context(color_scheme='light', **how) for how in WINDOWS]
        for name in queue:
            both = windows[:1] if name.startswith('_modules') else windows # listings of source code: at desktop width only
            problems = list(dict.fromkeys([o for w in both for o in await look(w, base, site, name, shots)]))
            if name != 'broken.html': report(f'page: {name}', '\n'.join(problems))
            else:
                blind = [o for o in FAULTS if not any(o in p for p in problems)]
                report('a broken page is seen', blind and f'not seen: {", ".join(blind)}; seen: {problems}')
    try: await asyncio.gather(*(worker() for _ in range(ATONCE)))
    finally: httpd.shutdown()

# Both

async def main(args):
    "Look at everything; 1 if something is wrong."
    from playwright.async_api import async_playwright
    shots, everything, passed, failed = Path(args.shots), args.notebooks is None and args.pages is None, [], []
    shutil.rmtree(shots, ignore_errors=True); shots.mkdir(parents=True)
    def report(what, problem):
        print(f'   {"FAILED" if problem else "ok"}: {what}' + (f' ({problem.splitlines()[0]})' if problem else ''), flush=True)
        failed.append(f'FAILED: {what}\n{problem}') if problem else passed.append(what)
    async with async_playwright() as play:
        browser = await chromium(play)
        for do, doc, part in ((everything or args.notebooks is not None, 'notebooks in JupyterLab', partial(lab, browser, [n.removesuffix('.ipynb') for n in args.notebooks or []])),
                              (everything or args.pages is not None, 'pages of the site', partial(pages, browser, Path(args.site).resolve(), [n.removesuffix('.html') for n in args.pages or []]))):
            if not do: continue
            print(f'== {doc}', flush=True)
            began = time.time()
            await part(shots, report)
            print(f'   {time.time()-began:.0f} s', flush=True)
        await browser.close()
    print(f'screenshots: {shots}', *failed, f'{len(passed)} passed, {len(failed)} failed', sep='\n')
    return 1 if failed or not passed else 0

if __name__ == '__main__':
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--notebooks', nargs='*', metavar='NAME', help='only notebooks: these, or all')
    p.add_argument('--pages', nargs='*', metavar='NAME', help='only pages: these, or all')
    p.add_argument('--site', default=ROOT/'_docs', help='built site (default: _docs)')
    p.add_argument('--shots', default=ROOT/'.screenshots', help='folder for the screenshots; emptied first (default: .screenshots)')
    sys.exit(asyncio.run(main(p.parse_args())))
