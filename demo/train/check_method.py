"""Measures Menagerie by Faultline's method, in numpy alone: the cross-check of the TypeScript.

Writes ../quality.json and prints the tables of ../README.md.
"""
import json
import math
import os
import sys

import numpy as np
import torch

from dataset import ATTRIBUTES, CLASSES, prepare, tokenize
from networks import Encoder, ImageTower, TextTower

torch.set_num_threads(2)
TEMPLATES = ["a photo of {}", "a photo of a {}", "a picture of {}", "an image showing {}", "{}"]
CONCEPTS = CLASSES + [name.replace("-", " ") for name in ATTRIBUTES]


def evaluation(work, data_folder):
    """The shipped splits: images (NCHW uint8), labels, attribute matrix, ids."""
    facts = json.load(open(f"{data_folder}/attributes.json"))["pictures"]
    raw = np.fromfile(f"{work}/evaluation.u8", dtype=np.uint8).reshape(-1, 64, 64, 3)
    out = {}
    for split in ("alignment", "calibration", "test"):
        rows = [(i, id_, f) for i, (id_, f) in enumerate(facts.items()) if f["split"] == split]
        out[split] = {
            "images": np.ascontiguousarray(raw[[i for i, _, _ in rows]].transpose(0, 3, 1, 2)),
            "labels": np.array([CLASSES.index(f["class"]) for _, _, f in rows]),
            "attributes": np.array([[a in f["attributes"] for a in ATTRIBUTES] for _, _, f in rows]),
            "ids": [id_ for _, id_, _ in rows],
        }
    return out


@torch.no_grad()
def run(network, images):
    return torch.cat([network(torch.from_numpy(prepare(images[i:i + 250]))) for i in range(0, len(images), 250)]).numpy().astype(np.float64)


def unit(v):
    return v / np.linalg.norm(v, axis=-1, keepdims=True)


def auroc(score, positive):
    """Tie-aware area under the ROC curve; None when a side is empty."""
    score, positive = np.asarray(score), np.asarray(positive, bool)
    p, n = positive.sum(), (~positive).sum()
    if p == 0 or n == 0:
        return None
    _, inverse, counts = np.unique(score, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    return float((ranks[positive].sum() - p * (p + 1) / 2) / (p * n))


def ridge(x, y):
    """Affine ridge map on standardised features; the strength is picked on a held-out fifth."""
    mean, sd = x.mean(0), x.std(0) + 1e-8
    z, centre = (x - mean) / sd, y.mean(0)
    cut = len(x) * 4 // 5
    best = None
    for strength in (0.1, 1, 10, 100, 1000):
        w = np.linalg.solve(z[:cut].T @ z[:cut] + strength * np.eye(z.shape[1]), z[:cut].T @ (y[:cut] - centre))
        error = ((z[cut:] @ w + centre - y[cut:]) ** 2).sum()
        if best is None or error < best[0]:
            best = (error, strength, w)
    held = fit_quality(z[cut:] @ best[2] + centre, y[cut:])
    w = np.linalg.solve(z.T @ z + best[1] * np.eye(z.shape[1]), z.T @ (y - centre))
    return (lambda q: (q - mean) / sd @ w + centre), held, best[1]


def fit_quality(predicted, actual):
    centre = actual.mean(0)
    return {
        "r2": 1 - float(((predicted - actual) ** 2).sum() / ((actual - centre) ** 2).sum()),
        "cosine": float((unit(predicted) * unit(actual)).sum(1).mean()),
        "centredCosine": float((unit(predicted - centre) * unit(actual - centre)).sum(1).mean()),
    }


def heat(strengths):
    """Per input C x C predicates."""
    return strengths[:, :, None] > strengths[:, None, :]


def responsible(strengths, group, other):
    """Concepts ranked by the mean over j of the significant cells of (group - other); Benjamini-Hochberg 0.05."""
    a, b = heat(strengths[group]), heat(strengths[other])
    na, nb = len(a), len(b)
    if na == 0 or nb == 0:
        return []
    pa, pb = a.mean(0), b.mean(0)
    pooled = (a.sum(0) + b.sum(0)) / (na + nb)
    se = np.sqrt(np.maximum(pooled * (1 - pooled) * (1 / na + 1 / nb), 1e-18))
    z = np.abs(pa - pb) / se
    p = np.vectorize(lambda v: math.erfc(v / math.sqrt(2)))(z)
    c = len(pa)
    off = ~np.eye(c, dtype=bool)
    flat = p[off]
    order = np.argsort(flat)
    q = np.empty_like(flat)
    q[order] = np.minimum.accumulate((flat[order] * len(flat) / (np.arange(len(flat)) + 1))[::-1])[::-1]
    significant = np.zeros_like(off)
    significant[off] = q < 0.05
    effect = np.where(significant, pa - pb, 0).sum(1) / (c - 1)
    return [{"concept": CONCEPTS[i], "effect": round(float(effect[i]), 4)} for i in np.argsort(-np.abs(effect))[:8]]


def detector(calibration, correct, predicted, test, test_predicted):
    """Cosine similarity to the incorrect reference minus to the correct one, per predicted class, pooled when few."""
    h = heat(calibration).reshape(len(calibration), -1).astype(float)
    g = heat(test).reshape(len(test), -1).astype(float)
    g_unit = g / np.maximum(np.linalg.norm(g, axis=1, keepdims=True), 1e-12)
    score = np.zeros(len(test))
    for k in range(len(CLASSES)):
        rows = test_predicted == k
        if not rows.any():
            continue
        good, bad = correct & (predicted == k), ~correct & (predicted == k)
        if bad.sum() < 10 or good.sum() < 10:
            good, bad = correct, ~correct
        ref_good, ref_bad = h[good].mean(0), h[bad].mean(0)
        score[rows] = g_unit[rows] @ (ref_bad / np.linalg.norm(ref_bad) - ref_good / np.linalg.norm(ref_good))
    return score


def main(work, data_folder, models, out):
    torch.manual_seed(0)
    splits = evaluation(work, data_folder)
    test = splits["test"]
    y = test["labels"]
    vocabulary = json.load(open(f"{models}/vlm/tokenizer.json"))["vocabulary"]
    image_tower, text_tower = ImageTower(), TextTower(len(vocabulary))
    weights = torch.load(f"{work}/vlm.pt")
    image_tower.load_state_dict(weights["image"]), text_tower.load_state_dict(weights["text"])
    image_tower.eval(), text_tower.eval()

    def text(phrase):
        ids = np.stack([tokenize(t.replace("{}", phrase), vocabulary) for t in TEMPLATES])
        with torch.no_grad():
            return unit(unit(text_tower(torch.from_numpy(ids)).numpy().astype(np.float64)).mean(0))

    concepts = np.stack([text(c) for c in CONCEPTS])
    k = len(CLASSES)
    vlm = {s: run(image_tower, splits[s]["images"]) for s in splits}
    own = unit(vlm["test"]) @ concepts.T
    zero_shot = own[:, :k].argmax(1)
    report = {
        "zeroShotAccuracy": float((zero_shot == y).mean()),
        "zeroShotByClass": {c: float((zero_shot == y)[y == i].mean()) for i, c in enumerate(CLASSES)},
        "attributeAurocVlm": {a: auroc(own[:, k + i], test["attributes"][:, i]) for i, a in enumerate(ATTRIBUTES)},
        "versions": {},
    }
    attacks = {n: np.fromfile(f"{work}/{n.lower()}.u8", dtype=np.uint8).reshape(-1, 64, 64, 3).transpose(0, 3, 1, 2)
               for n in ("FGSM", "PGD") if os.path.exists(f"{work}/{n.lower()}.u8")}
    base_wrong = None
    for name, version, attack in [("v1.0", "v1.0", None), ("v1.1", "v1.1", None), ("v1.2", "v1.2", None)] + [(f"v1.0 {a}", "v1.0", a) for a in attacks]:
        state = torch.load(f"{work}/{version}.pt")
        encoder = Encoder()
        encoder.load_state_dict(state["encoder"])
        encoder.eval()
        weight, bias = state["head"]["weight"].numpy(), state["head"]["bias"].numpy()
        align, held, strength = ridge(run(encoder, splits["alignment"]["images"]), vlm["alignment"])
        images = test["images"] if attack is None else attacks[attack]
        features = run(encoder, images)
        predicted = (features @ weight.T + bias).argmax(1)
        aligned = align(features)
        s = unit(aligned) @ concepts.T
        # The oracle sees the inputs the model saw.
        vlm_here = vlm["test"] if attack is None else run(image_tower, images)
        own_says = (unit(vlm_here) @ concepts[:k].T).argmax(1)
        oracle = s[:, :k].argmax(1)
        wrong = predicted != y

        def shares(mask):
            n = int(mask.sum())
            undecided = mask & (own_says != y)
            head = mask & ~undecided & (oracle == y)
            enc = mask & ~undecided & (oracle != y)
            return {"inputs": n, **{t: (float(v.sum() / n) if n else None) for t, v in (("encoder", enc), ("head", head), ("undecided", undecided))}}

        entry = {
            "accuracy": float((~wrong).mean()), "misclassified": int(wrong.sum()),
            "accuracyByClass": {c: float((~wrong)[y == i].mean()) for i, c in enumerate(CLASSES)},
            "alignment": {**held, "ridge": strength, "onTheseInputs": fit_quality(aligned, vlm_here)},
            "oracleErrorOnCorrect": float((oracle != y)[~wrong].mean()),
            "shares": shares(wrong),
            "attributeAurocAligned": {a: auroc(s[:, k + i], test["attributes"][:, i]) for i, a in enumerate(ATTRIBUTES)},
            "responsibleConcepts": responsible(s, ~wrong, wrong),
        }
        if base_wrong is None:
            base_wrong = wrong
        else:
            entry["additionalErrors"] = shares(wrong & ~base_wrong)
        planted = {"v1.1": ("car", "wheels"), "v1.2": ("deer", "horns")}.get(name)
        if planted:
            c = CLASSES.index(planted[0])
            rows = y == c
            entry["planted"] = {
                "class": planted[0], "attribute": planted[1],
                "additionalErrorsOfClass": shares(wrong & ~base_wrong & rows),
                "accuracyWith": float((~wrong)[rows & test["attributes"][:, ATTRIBUTES.index(planted[1])]].mean()),
                "accuracyWithout": float((~wrong)[rows & ~test["attributes"][:, ATTRIBUTES.index(planted[1])]].mean()),
                "responsibleConcepts": responsible(s, rows & ~wrong, rows & wrong),
                "predictedInstead": {CLASSES[j]: int((predicted[rows & wrong] == j).sum()) for j in range(k) if (predicted[rows & wrong] == j).any()},
            }
        calibration = run(encoder, splits["calibration"]["images"])
        cal_predicted = (calibration @ weight.T + bias).argmax(1)
        scores = detector(unit(align(calibration)) @ concepts.T, cal_predicted == splits["calibration"]["labels"], cal_predicted, s, predicted)
        logits = features @ weight.T + bias
        p = np.exp(logits - logits.max(1, keepdims=True))
        entry["detectorAuroc"] = {"heatmapCosine": auroc(scores, wrong), "msp": auroc(-(p / p.sum(1, keepdims=True)).max(1), wrong),
                                  "vlmDisagreement": auroc(s[:, :k].max(1) - s[np.arange(len(s)), predicted], wrong)}
        report["versions"][name] = entry
    with open(out, "w") as file:
        json.dump(rounded(report), file, indent=2)
        file.write("\n")
    summary(report)


def rounded(value):
    if isinstance(value, dict):
        return {k: rounded(v) for k, v in value.items()}
    if isinstance(value, list):
        return [rounded(v) for v in value]
    return round(value, 4) if isinstance(value, float) else value


def summary(report):
    print("zero-shot", round(report["zeroShotAccuracy"], 4), {k: round(v, 2) for k, v in report["zeroShotByClass"].items()})
    print("attribute AUROC (VLM)", {k: None if v is None else round(v, 3) for k, v in report["attributeAurocVlm"].items()})
    for name, e in report["versions"].items():
        print(f"\n{name}: accuracy {e['accuracy']:.4f} wrong {e['misclassified']} R2 {e['alignment']['r2']:.3f} cos {e['alignment']['cosine']:.3f} "
              f"(here {e['alignment']['onTheseInputs']['r2']:.3f}) oracle error on correct {e['oracleErrorOnCorrect']:.3f}")
        print("  shares", rounded(e["shares"]), "additional", rounded(e.get("additionalErrors")))
        print("  aligned AUROC", {k: None if v is None else round(v, 2) for k, v in e["attributeAurocAligned"].items()})
        print("  concepts", [(c["concept"], c["effect"]) for c in e["responsibleConcepts"]])
        print("  by class", rounded(e["accuracyByClass"]))
        if "planted" in e:
            planted = rounded(e["planted"])
            print("  planted", {k: v for k, v in planted.items() if k != "responsibleConcepts"})
            print("  planted concepts", [(c["concept"], c["effect"]) for c in planted["responsibleConcepts"]])
        print("  detector", rounded(e["detectorAuroc"]))


if __name__ == "__main__":
    main(*sys.argv[1:5])
