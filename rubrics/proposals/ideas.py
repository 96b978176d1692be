"""Questions 1a, 2b, 2g, 3b, 3f, 3g: key ideas by the words that name them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from grader.scoring.proposals import Finding
from rubrics.proposals.words import any_of, counted, folded, found, says, sentences

_ENOUGH_WORDS = 9

# -- 1a ------------------------------------------------------------------------------------------------------------

_SIZE = r"(?<!\d)224(?!\d)"
_RESIZE = any_of(
    "resiz",
    "scal",
    "crop",
    "rescal",
    "size",
    "zuschn",
    "zugeschn",
    "skalier",
    "verkleiner",
    "auf 224",
    "bring",
    "gr[öo]ss",
    "interpol",
)
_SCALED = (
    r"\[?\b0(?:\.0)?\s*(?:,|-|to|and|bis|und|;|…|\.\.)\s*1(?:\.0)?\b|totensor|to_tensor|/\s*255|"
    r"durch 255|by 255|divid\w* (?:it )?by 255|"
    r"between 0 and 1|zwischen 0 und 1"
)
_STATISTICS = r"imagenet|\bmean\b|mittelwert|0\.485|standard|\bstd\b|normaliz|normalis|normier"
_MEAN = r"\bmean\b|mittelwert|0\.485|imagenet"
_BATCH = r"unsqueeze|batch|1\s*(?:x|×|,|\*)\s*3\s*(?:x|×|,|\*)\s*224|\[none|newaxis|stapel|expand_dims"


def preprocessing(answer: str) -> Iterator[Finding]:
    """Findings on 1a."""
    text = folded(answer)
    if says(text, _SIZE) and says(text, _RESIZE):
        yield Finding("1a.size", 1.0, f"“{says(text, _RESIZE)}…” and 224", "sure")
    scaled, mean, statistics = says(text, _SCALED), says(text, _MEAN), says(text, _STATISTICS)
    if scaled and mean:
        yield Finding("1a.normalize", 1.0, f"“{scaled}” and “{mean}”")
    elif not scaled and not statistics:
        yield Finding("1a.normalize", 0.0, "neither scaling nor statistics are named")
    elif scaled or statistics:
        yield Finding("1a.normalize", None, f"only “{scaled or statistics}” was recognised")
    batch = says(text, _BATCH)
    if batch:
        yield Finding("1a.tensor", 1.0, f"“{batch}”")
    elif "tensor" not in text and "dimension" not in text:
        yield Finding("1a.tensor", 0.0, "neither a tensor nor a dimension is named")


# -- 2b ------------------------------------------------------------------------------------------------------------

_LAST = (
    r"(?:last|final|letzt\w*)\s+(?:(?:sequence|time|rnn|hidden|single|versteckte\w*|verborgene\w*|einzig\w*)\s+)?"
    r"(?:logit|hidden|output|element|step|time ?step|character|letter|state|h\b|z\b|zeichen|buchstab|"
    r"zustand|ausgabe|zeitschritt|schritt|symbol|one|item)"
    r"|z\s*[\^_]\s*\{?\s*\(?s\b|after the (?:last|final)|nach dem letzten|"
    r"at the end of the (?:sequence|name)|am ende (?:der|des)|\boutput\[:,\s*-1|\[-1\]"
)
_ALL = (
    r"(?:mean|average|sum|mittel\w*|durchschnitt|summe)\s+(?:of|over|von|[üu]ber|aller?)\b|(?:mean|"
    r"average|averag\w+) (?:of )?all|"
    r"(?:the|den) (?:mean|mittelwert|durchschnitt)"
)
_DECISION = (
    r"\bsign\b|vorzeichen|(?:>|greater than|larger than|above|over|exceeds|bigger than|"
    r"gr[öo]sser (?:als )?|[üu]ber)\s*(?:0\.5|0,5|\.5|0(?![.,]?\d)|zero|null|50)"
    r"|argmax|arg max|positi\w+ or negati|positiv\w* oder negativ|larger of the two|"
    r"gr[öo]ssere der beiden|round\(|>=\s*0|≥\s*0|threshold (?:of|at) 0|schwell\w+ (?:von|bei) 0"
)
_WRONG_DECISION = r"(?:>|greater than|larger than|above|gr[öo]sser (?:als )?)\s*1(?!\d|\.)"
_BINARY = r"binary[ -]?cross[ -]?entropy|\bbce\w*|bin[äa]re[rn]?\s*kreuz-?entropie|log[ -]?loss\b|logistic loss"
_CATEGORICAL = (
    r"(?:categorical|softmax|kategorische\w*)\s*(?:cross|kreuz)[ -]?entrop\w+|cross[ -]?entropy|kreuz-?entropie|\bcce\b"
)
_OTHER_LOSS = r"\bmse\b|mean squared|squared error|quadrat\w+ fehler|hinge|\bl1\b"
_TWO = (
    r"\btwo (?:output|logit|class|neuron)|\b2 (?:output|logit|class|neuron)|zwei (?:ausg|logit|klass|"
    r"neuron)|softmax|argmax"
)


def network_output(answer: str) -> Iterator[Finding]:
    """Findings on 2b."""
    text = folded(answer)
    last, average = says(text, _LAST), says(text, _ALL)
    if last and not average:
        yield Finding("2b.sequence", 1.0, f"“{last}”", "sure")
    elif average and not last:
        yield Finding("2b.sequence", 0.0, f"“{average}”: not the last element")
    decision, wrong = says(text, _DECISION), says(text, _WRONG_DECISION)
    if wrong and not decision:
        yield Finding("2b.decision", 0.0, f"“{wrong}”")
    elif decision and not wrong:
        yield Finding("2b.decision", 1.0, f"“{decision}”")
    binary, categorical, other = (says(text, one) for one in (_BINARY, _CATEGORICAL, _OTHER_LOSS))
    if other and not binary and not categorical:
        yield Finding("2b.loss", 0.0, f"“{other}”")
    elif binary and not other:
        yield Finding("2b.loss", 1.0, f"“{binary}”", "sure")
    elif categorical and not other:
        two = says(text, _TWO)
        yield Finding(
            "2b.loss", 1.0 if two else None, f"“{categorical}”" + (f" with “{two}”" if two else ", for one output?")
        )


# -- 2g, 3b, 3f ----------------------------------------------------------------------------------------------------

_TOPOLOGIES = {
    "gated recurrence": any_of("lstm", "gru\\b", "long short[- ]term", "gated recurrent"),
    "attention": any_of("transformer", "attention", "self-attention", "aufmerksamkeit", "bert\\b", "gpt\\b"),
    "convolution": any_of(
        "1-?d[ -]?(?:conv|cnn|falt)",
        "temporal conv",
        "conv\\w* (?:network|net|layer)",
        "cnn",
        "tcn",
        "faltung",
        "one-dimensional conv",
        "1-dimensional conv",
        "convolution",
        "eindimensionale falt",
    ),
    "both directions": any_of("bi-?directional", "bidirektional", "bi-?lstm", "birnn", "beide richtungen"),
    "deeper recurrence": any_of(
        "deep(?:er)? (?:recurrent|rnn|elman)",
        "stacked",
        "multi-?layer (?:rnn|recurrent|elman)",
        "mehrschichtig\\w* rekurr",
        "gestapelt",
    ),
    "feed-forward": any_of("mlp", "feed-?forward", "fully[- ]connected network"),
}


def topologies(answer: str) -> Iterator[Finding]:
    """Findings on 2g."""
    text = folded(answer)
    ideas = found(text, _TOPOLOGIES)
    if list(ideas) == ["gated recurrence"] and "lstm" in text and says(text, r"\bgru\b"):
        yield Finding("2g.first", 1.0, "gated recurrence: LSTM, GRU")
        yield Finding("2g.second", None, "LSTM and GRU are both gated: is that one concept or two?")
        return
    ideas.pop("feed-forward", None)
    if "both directions" in ideas and "gated recurrence" in ideas and len(ideas) == 2:
        yield from counted(("2g.first",), ideas)
        if re.search(r"bi-?directional (?:lstm|gru)|bi-?lstm|bidirektionale\w* (?:lstm|gru)", text):
            yield Finding("2g.second", None, "both may be one network")
            return
    yield from counted(("2g.first", "2g.second"), ideas)


_TECHNIQUES = {
    "dropout": any_of("drop-?out", "drop-?connect", "drop ?path"),
    "weight decay": any_of(
        "weight[- ]decay", "l2\\b", "l_2", "ridge", "tikhonov", "gewichtsabnahme", "weight regulari", "l²"
    ),
    "sparse weights": any_of("l1\\b", "l_1", "lasso"),
    "augmentation": any_of(
        "(?:data |image )?augment",
        "daten-?augment",
        "random crop",
        "noise to the (?:input|image)",
        "rauschen",
        "mixup",
        "cutout",
    ),
    "batch normalization": any_of(
        "batch[- ]?norm", "layer[- ]?norm", "group[- ]?norm", "batch-?normalisier", "normalization layer"
    ),
    "early stopping": any_of("early[- ]stop", "fr[üu]hes stopp", "fr[üu]hzeitig\\w* (?:stopp|abbr|beend)"),
    "label smoothing": any_of("label[- ]smooth"),
    "ensembles": any_of("ensembl", "bagging", "stochastic depth"),
    "gradient clipping": any_of("gradient clipping", "max[- ]?norm"),
}
_EXPLAINS = {
    "dropout": (
        r"random|zuf[äa]llig|probability|wahrscheinlich|neuron|\bp\b|deactivat|set(?:s|ting)? .{0,20}(?:0|"
        r"zero)|auf 0|abgeschaltet"
    ),
    "weight decay": (
        r"penal|bestraf|(?:sum|norm|square|quadr)\w*.{0,40}(?:weight|gewicht)|(?:weight|"
        r"gewicht).{0,40}(?:sum|norm|square|quadr)|\|\|?w|large weights|grosse gewichte"
    ),
    "sparse weights": r"penal|absolute|betr[äa]ge|sparse|bestraf",
    "augmentation": (
        r"crop|rotat|brightness|flip|shift|noise|transform|new images|verschieb|dreh|hellig|neue bilder|"
        r"rausch|artificial|k[üu]nstlich"
    ),
    "batch normalization": r"mean|variance|mittelwert|varianz|statistic|normali[sz]es each|noise of|over the batch",
    "early stopping": r"validation|validier|test error|when the (?:loss|error|accuracy)|sobald|stops? training",
    "label smoothing": r"target|instead of 1|0\.9|one-hot|ziel",
    "ensembles": r"average|several|mehrere|mittel|vote",
}


def regularization(answer: str) -> Iterator[Finding]:
    """Findings on 3b."""
    text = folded(answer)
    ideas = found(text, _TECHNIQUES)
    yield from counted(("3b.first", "3b.second", "3b.third"), ideas)
    explained = next(((name, one) for name in ideas for one in sentences(text) if _explained(name, one)), None)
    if explained:
        yield Finding("3b.explanation", 1.0, f"{explained[0]}: “{explained[1][:120]}”")
    elif ideas and len(text.split()) <= 4 * max(len(ideas), 2):
        yield Finding("3b.explanation", 0.0, "the techniques are only named")


def _explained(name: str, sentence: str) -> bool:
    """Whether a sentence about a technique tells how it works; the name itself need not stand in it again."""
    telling = [hit.group() for hit in re.finditer(_EXPLAINS.get(name, r"(?!)"), sentence)]
    named = found(sentence, _TECHNIQUES)
    return bool(telling) and list(named) == [name] and len(sentence.split()) >= _ENOUGH_WORDS


_IMPROVEMENTS = {
    "a larger network": any_of(
        "deeper",
        "larger (?:network|model|net)",
        "bigger (?:network|model|net)",
        "more (?:layers|filters|channels|parameters|neurons|capacity|conv)",
        "wider",
        "res-?net",
        "residual",
        "tiefere",
        "gr[öo]ssere\\w* (?:netz|modell)",
        "mehr (?:schichten|filter|kan[äa]le|parameter)",
        "efficientnet",
        "vgg-?\\d*\\b",
        "densenet",
        "vision transformer",
    ),
    "a pre-trained network": any_of("pre-?train", "transfer[- ]learning", "fine-?tun", "vortrainiert"),
    "more data": any_of(
        "more (?:training )?(?:data|images|samples)",
        "extra (?:set|split|data|training)",
        "svhn'?s extra",
        "['\"“]?extra['\"”]? ?(?:set|split|daten)?",
        "mehr (?:trainings)?(?:daten|bilder)",
        "larger data ?set",
    ),
    "augmentation": any_of("(?:data |image )?augment", "daten-?augment"),
    "tuned hyper-parameters": any_of(
        "hyper-?parameter",
        "learning[- ]rate",
        "lr\\b",
        "schedul",
        "lernrate",
        "grid search",
        "optimi[sz]er",
        "tuning",
        "batch size",
        "warm-?up",
        "adamw?\\b",
    ),
    "longer training": any_of("longer", "more epochs", "train\\w* (?:for )?more", "mehr epochen", "l[äa]nger"),
    "ensembles": any_of("ensembl", "several networks", "mehrere netze", "bagging"),
    "normalization": any_of("batch[- ]?norm", "normali[sz]", "normier"),
    "better pre-processing": any_of("gr[ae]y-?scale", "contrast", "pre-?process", "vorverarbeit", "crop the digit"),
    "regularization": any_of("regulari", "drop-?out", "weight[- ]decay", "early[- ]stop"),
}


def improvements(answer: str) -> Iterator[Finding]:
    """Findings on 3f."""
    ideas = found(folded(answer), _IMPROVEMENTS)
    # The scheme's own border: what 3(b) asked for already may not count again. A person decides.
    again = [name for name in ("augmentation", "regularization", "normalization") if name in ideas]
    fresh = {name: words for name, words in ideas.items() if name not in again}
    criteria = ("3f.first", "3f.second", "3f.third")
    yield from counted(criteria[: len(fresh)], fresh)
    for criterion in criteria[len(fresh) :] if ideas else ():
        if again:
            yield Finding(criterion, None, f"{', '.join(again)}: was that the answer to 3(b) already?")
        else:
            yield Finding(criterion, None, f"only {', '.join(fresh)} was recognised")


# -- 3g ------------------------------------------------------------------------------------------------------------

_CONFIDENT = (
    r"(?:high|large|great|strong|over-?)\s*-?(?:confiden\w+|probabilit\w+|softmax|certaint\w+|score)|"
    r"confident\w*|(?:hohe\w*|grosse\w*)\s+"
    r"(?:sicherheit|wahrscheinlichkeit|konfidenz)|very (?:sure|certain)|sehr sicher"
)
_DIGIT = r"digit|number|class|ziffer|klasse|\b0 ?(?:-|to|bis) ?9\b|known"
_METHODS = {
    "a further class": (
        r"(?:background|garbage|rejection|additional|extra|further|unknown|eleventh|11th|no-digit|"
        r"non-digit|other|zus[äa]tzliche\w*|weitere\w*|eigene\w*) ?-?(?:class|klasse)|hintergrund-?klasse|"
        r"class for (?:everything|all|background)|klasse f[üu]r (?:hintergrund|alles|nicht)"
    ),
    "a threshold": r"threshold|schwell|\breject\w*|verwerf|zur[üu]ckweis|abgelehnt",
    "an adapted loss": r"entropic|open-?set loss|objectosphere|openmax|uniform distribution|gleichverteil|entropy",
    "a detector of outliers": (
        r"out-of-distribution|\bood\b|outlier|autoencoder|auto-encoder|one-class|anomal|energy-based|"
        r"mahalanobis"
    ),
}
_DETAIL = (
    r"negativ|train|validation|softmax|logit|maxim|probabilit|images without|bilder ohne|beispiel|"
    r"when that class|distance|reconstruction|below|unter|score"
)


def non_digits(answer: str) -> Iterator[Finding]:
    """Findings on 3g."""
    text = folded(answer)
    confident = says(text, _CONFIDENT)
    if confident and re.search(_DIGIT, text):
        yield Finding("3g.reaction", 1.0, f"“{confident}”")
    for name, pattern in _METHODS.items():
        for one in sentences(text):
            words = says(one, pattern)
            if words and len(one.split()) >= _ENOUGH_WORDS and len(set(re.findall(_DETAIL, one))) >= 2:
                yield Finding("3g.method", 1.0, f"{name}: “{words}”, in detail")
                return
    named = found(text, _METHODS)
    if named:
        yield Finding("3g.method", None, f"{next(iter(named))} is named: is that detail enough?")
    elif len(text.split()) <= 12:
        yield Finding("3g.method", 0.0, "no method is named")
