#!/bin/sh
# Download the text of paracrawl-gpu.toml into the current folder.
#
#   THIS NEEDS THE INTERNET: about 20 GB from OPUS, https://opus.nlpl.eu
#
#   pip install opustools 'babelite[train]'
#   sh paracrawl.sh
#
# Existing files are not downloaded again. ParaCrawl is the training text; 200,000 pairs drawn from
# Europarl are the candidates of the test.
set -eu

fetch() { # corpus, release, two languages in alphabetical order, as in OPUS
    if [ ! -e "$1/$3-$4.fetched" ]; then
        mkdir -p "$1"
        opus_read --directory "$1" --release "$2" --source "$3" --target "$4" \
            --preprocess moses --write_mode moses --suppress_prompts --download_dir "$1" \
            --write "$1/$3-$4.$3" "$1/$3-$4.$4"
        touch "$1/$3-$4.fetched"
    fi
}

fetch ParaCrawl v5 en fr
fetch ParaCrawl v5 de en
fetch Europarl v8 en fr
fetch Europarl v8 de en

if [ ! -e test/en-fr.held-out.tsv ]; then
    babelite corpus split en-fr=Europarl/en-fr.en,Europarl/en-fr.fr --held-out 200000 --out test
fi
if [ ! -e test/en-de.held-out.tsv ]; then
    babelite corpus split en-de=Europarl/de-en.en,Europarl/de-en.de --held-out 200000 --out test
fi
