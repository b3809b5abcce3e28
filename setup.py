"Build the package from settings.ini, the one place that holds its facts."
from configparser import ConfigParser
from pathlib import Path
from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

parser = ConfigParser(delimiters=['='])
parser.read('settings.ini', encoding='utf-8')
cfg = parser['DEFAULT']
name, python = cfg['lib_name'], cfg['min_python']
stages = ['1 - Planning', '2 - Pre-Alpha', '3 - Alpha', '4 - Beta', '5 - Production/Stable', '6 - Mature']

def lines(key): return [o.strip() for o in cfg.get(key, '').splitlines() if o.strip()]

class Build(build_py):
    "The wheel carries the notebooks as well, without drafts and caches: `vjepa2 lab` copies them."
    def run(self):
        super().run()
        for f in [] if self.editable_mode else Path(cfg['nbs_path']).rglob('*'):
            path = f.relative_to(cfg['nbs_path'])
            if f.is_dir() or any(o[0] in '._' for o in path.parts): continue
            to = Path(self.build_lib)/name/'book'/path
            self.mkpath(str(to.parent))
            self.copy_file(str(f), str(to))

setup(
    name=name, version=cfg['version'], description=cfg['description'], keywords=cfg['keywords'].split(),
    author=cfg['author'], author_email=cfg['author_email'], url=cfg['git_url'],
    license_expression={'mit': 'MIT', 'apache2': 'Apache-2.0', 'bsd3': 'BSD-3-Clause'}[cfg['license']],
    license_files=['LICENSE'],
    long_description=Path('README.md').read_text(encoding='utf-8'), long_description_content_type='text/markdown',
    classifiers=[f'Development Status :: {stages[cfg.getint("status") - 1]}',
                 f'Intended Audience :: {cfg["audience"]}', f'Natural Language :: {cfg["language"]}',
                 *(f'Programming Language :: Python :: 3.{i}' for i in range(int(python.split('.')[1]), 14))],
    python_requires=f'>={python}', install_requires=lines('requirements'),
    extras_require={'dev': lines('dev_requirements'), 'docs': lines('docs_requirements'), 'lab': lines('lab_requirements')},
    packages=find_packages(include=[name, f'{name}.*']), package_data={name: lines('package_data')}, zip_safe=False,
    cmdclass={'build_py': Build},
    entry_points={'console_scripts': lines('console_scripts'), 'nbdev': [f'{name} = {name}._modidx:d']},
)
