#!/bin/sh
# Draws, trains, attacks, packs and measures Menagerie from nothing.
set -eu
cd "$(dirname "$0")/.."
# PyTorch on glibc is several times faster when freed memory is kept.
export MALLOC_TOP_PAD_=1073741824 MALLOC_TRIM_THRESHOLD_=17179869184 MALLOC_MMAP_MAX_=0 MALLOC_MMAP_THRESHOLD_=17179869184
npx tsx world/generate-training.ts train/work
npx tsx world/build-data.ts data train/work
cd train
/usr/bin/python3 train_vlm.py work ../models 12
/usr/bin/python3 train_classifiers.py work ../models ../data
cd ..
npx tsx world/pack-attacks.ts data train/work
npx tsx world/contact-sheet.ts contact-sheet.png 8 64 64 readme
cd train
/usr/bin/python3 check_method.py work ../data ../models ../quality.json
