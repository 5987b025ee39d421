#!/bin/sh
# Fetch the text of paracrawl-gpu.toml into the folder in which this is run.
#
#   THIS NEEDS THE INTERNET: some 20 GB come from OPUS, https://opus.nlpl.eu
#
#   pip install opustools 'babelite[train]'
#   sh paracrawl.sh
#
# What is there is not fetched again. ParaCrawl is trained on as it is; of Europarl 200,000 pairs are
# drawn, among which the test searches.
set -eu

fetch() { # corpus, release, and two languages in the order of the alphabet, as OPUS has them
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
    babelite corpus split en-fr=Europarl/en-fr.en,Europarl/en-fr.fr --held-out 200000 --out-dir test
fi
if [ ! -e test/en-de.held-out.tsv ]; then
    babelite corpus split en-de=Europarl/de-en.en,Europarl/de-en.de --held-out 200000 --out-dir test
fi
