"""Forward of the ViT-L width on the CPU: ours, both attention paths of transformers with the same weights, and ours in bfloat16.

    python benchmarks/encoder.py --depth 2 --frames 16 --size 256 --threads 1 --repeats 9

The weights are moved by `to_transformers`, the outputs are proved equal first, and the contenders take turns,
each round starts with another one, so that other work on the machine hits all of them. Wall time is what you wait; CPU time adds up the threads and suffers less from other work.
"""
import argparse, os, platform, statistics, time
os.environ.setdefault('HF_HUB_OFFLINE','1')
import torch, transformers
from transformers import VJEPA2Config, VJEPA2Model
from vjepa2_nb.encoder import VisionTransformer, to_transformers

def contenders(a): # name -> function of no arguments that returns fp32 features
    torch.manual_seed(0)
    ours = VisionTransformer(img_size=a.size,num_frames=a.frames,embed_dim=a.width,depth=a.depth,num_heads=a.heads).eval()
    config = VJEPA2Config(crop_size=a.size,frames_per_clip=a.frames,hidden_size=a.width,num_attention_heads=a.heads,num_hidden_layers=a.depth,pred_num_hidden_layers=1)
    weights = {k.removeprefix('encoder.'):v for k,v in to_transformers(ours.state_dict()).items()}
    video = torch.randn(a.batch,3,a.frames,a.size,a.size)
    fs = {'ours fp32': lambda: ours(video)}
    for kind in ('eager','sdpa'):
        theirs = VJEPA2Model._from_config(config,attn_implementation=kind).eval()
        theirs.encoder.load_state_dict(weights)
        fs[f'transformers {kind} fp32'] = lambda m=theirs,v=video.transpose(1,2): m(v,skip_predictor=True).last_hidden_state
    half = VisionTransformer(**ours.config).eval()
    half.load_state_dict(ours.state_dict()); half.bfloat16(); small = video.bfloat16()
    return {**fs,'ours bf16':lambda: half(small).float()}

def measure(fs, repeats): # name -> (wall seconds, cpu seconds), medians
    t = {n:[] for n in fs}
    for i in range(repeats+1):
        names = list(fs)
        for n in names[i%len(fs):]+names[:i%len(fs)]:
            w,c = time.perf_counter(),time.process_time(); fs[n]()
            if i: t[n].append((time.perf_counter()-w,time.process_time()-c))
    return {n:[statistics.median(x) for x in zip(*v)] for n,v in t.items()}

def main():
    p = argparse.ArgumentParser(description=__doc__,formatter_class=argparse.RawDescriptionHelpFormatter)
    for name,default in dict(depth=2,frames=16,size=256,threads=1,repeats=9,batch=1,width=1024,heads=16).items(): p.add_argument(f'--{name}',type=int,default=default,help=f'default {default}')
    a = p.parse_args()
    torch.set_num_threads(a.threads)
    with torch.inference_mode():
        fs = contenders(a)
        out = {n:f() for n,f in fs.items()}
        ref = out['ours fp32']
        for n in fs:
            if 'fp32' in n: torch.testing.assert_close(out[n],ref,atol=1e-4,rtol=0)
        t = measure(fs,a.repeats)
    print(f'{platform.machine()}, torch {torch.__version__}, transformers {transformers.__version__}; {vars(a)}\n')
    print('| contender | wall ms | CPU ms | speed of ours fp32 = 1 (wall) | (CPU) | max difference to ours fp32 |\n|---|---|---|---|---|---|')
    w0,c0 = t['ours fp32']
    for n,(w,c) in t.items(): print(f'| {n} | {1e3*w:.0f} | {1e3*c:.0f} | {w0/w:.2f} | {c0/c:.2f} | {(out[n]-ref).abs().max():.1e} |')

if __name__=='__main__': main()
