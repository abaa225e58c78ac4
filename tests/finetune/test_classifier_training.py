"""Training of the disc grades: batches, learning, calibration and abstention."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from finetune import ablation, classifier, classifier_data, classifier_fit, pretrain
from finetune.classifier_data import MARGIN, DiscViews
from finetune.recipe import Recipe
from radixgpt.errors import InputError
from tools import crops
from tools.grade_net import BINARY, GradeNet

STORED = (round(crops.ROWS * MARGIN), round(crops.COLUMNS * MARGIN))


def discs(patients: int, seed: int = 0) -> list[DiscViews]:
    """Discs whose grey level gives their grade away."""
    rng = np.random.default_rng(seed)
    made = []
    for patient in range(patients):
        for index in range(3):
            grade = int(rng.integers(1, 6))
            views: dict[str, list[crops.Crop]] = {}
            for sequence in ("t2", "t1"):
                pixels = np.full(STORED, 1 - grade * 0.35, np.float32)
                pixels += rng.normal(0, 0.05, STORED).astype(np.float32)
                measures = np.full(len(crops.MEASURES), grade / 5, np.float32)
                views[sequence] = [crops.Crop(pixels, measures)]
            binary = tuple(int(grade > 3) for _ in BINARY)
            made.append(DiscViews(patient, index, grade, 2 * int(grade == 5), binary, views))
    return made


def test_a_batch_has_the_network_s_shapes() -> None:
    batch = classifier_data.collate(discs(2), np.random.default_rng(0))
    assert batch.crops.shape == (6, 2, crops.ROWS, crops.COLUMNS)
    assert batch.measures.shape == (6, 2, len(crops.MEASURES))
    assert batch.there.any(dim=1).all()
    assert batch.patients.tolist() == [0, 0, 0, 1, 1, 1]


def test_one_sequence_alone_hides_the_other() -> None:
    batch = classifier_data.collate(discs(1), None, only="t1")
    assert batch.there.tolist() == [[False, True]] * 3
    assert batch.measures[:, 0].isnan().all()


def test_patients_do_not_see_one_another() -> None:
    torch.manual_seed(0)
    model = GradeNet().eval()
    both = discs(2)
    with torch.no_grad():
        alone = classifier_fit.predict(model, both[:3])
        together = classifier_fit.predict(model, both)
    for name, values in alone.items():
        assert torch.allclose(values, together[name][:3], atol=1e-4)


def test_a_disc_sees_its_neighbours() -> None:
    torch.manual_seed(0)
    model = GradeNet().eval()
    own = discs(1)
    with torch.no_grad():
        alone = classifier_fit.predict(model, own[:1])["pfirrmann"][0]
        beside = classifier_fit.predict(model, own)["pfirrmann"][0]
    assert not torch.allclose(alone, beside, atol=1e-4)


def test_folds_part_the_patients() -> None:
    parts = classifier.folds(tuple(range(20)))
    assert sorted(p for part in parts for p in part) == list(range(20))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_every_network_that_calibrates_leaves_its_patients_out() -> None:
    made = classifier.networks()
    assert len({name for name, _, _ in made}) == len(made)
    assert len({recipe.seed for _, _, recipe in made}) == len(made)
    assert sum(fold is None for _, fold, _ in made) == classifier.MEMBERS
    for fold in range(classifier.FOLDS):
        assert sum(own == fold for _, own, _ in made) == classifier.PER_FOLD


SHORT = Recipe(epochs=1, patients=2, pretrained=False)


def test_training_saves_and_resumes(tmp_path: Path) -> None:
    training = discs(4)
    first = classifier_fit.train(training, discs(2, seed=9), tmp_path, "one", SHORT)
    log = (tmp_path / "train.log").read_text().splitlines()
    assert len(log) == 1
    assert "kappa" in log[0]
    again = classifier_fit.train(training, [], tmp_path, "one", SHORT)
    assert (tmp_path / "train.log").read_text().splitlines() == log
    assert not list(tmp_path.glob("*.checkpoint"))
    for name, tensor in first.state_dict().items():
        assert torch.equal(tensor, again.state_dict()[name])


def test_an_interrupted_training_ends_as_an_uninterrupted_one(tmp_path: Path) -> None:
    recipe = Recipe(epochs=2, patients=2, pretrained=False)
    training = discs(4)
    whole = classifier_fit.train(training, [], tmp_path / "whole", "one", recipe)

    class StopError(Exception):
        pass

    def stop(*_: object) -> None:
        raise StopError

    # Stopped as the first epoch has been saved: the second begins by asking for its batches.
    kept = classifier_data.collate
    seen = 0

    def counted(*args: object, **named: object) -> classifier_data.Batch:
        nonlocal seen
        seen += 1
        if seen > 2:
            stop()
        return kept(*args, **named)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(classifier_data, "collate", counted)
        with pytest.raises(StopError):
            classifier_fit.train(training, [], tmp_path / "parts", "one", recipe)
    other = replace(recipe, seed=recipe.seed + 1)
    with pytest.raises(InputError, match="another recipe: seed"):
        classifier_fit.train(training, [], tmp_path / "parts", "one", other)
    resumed = classifier_fit.train(training, [], tmp_path / "parts", "one", recipe)
    for name, tensor in whole.state_dict().items():
        assert torch.allclose(tensor, resumed.state_dict()[name], atol=1e-5), name


def test_the_frozen_stages_are_fused_without_a_change_and_put_back() -> None:
    torch.manual_seed(0)
    model = GradeNet().eval()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    crop = torch.rand(2, 1, crops.ROWS, crops.COLUMNS) * 2 - 1
    with torch.no_grad():
        plain = model.encoder(crop)
        with classifier_fit.fused_start(model):
            assert not any(isinstance(m, torch.nn.BatchNorm2d) for m in model.encoder.stem)
            assert torch.allclose(model.encoder(crop), plain, atol=1e-4)
    assert set(model.state_dict()) == set(before)
    assert all(torch.equal(t, before[name]) for name, t in model.state_dict().items())


def test_a_disc_upside_down_has_its_endplates_swapped() -> None:
    own = discs(1)
    upper = BINARY.index("endplate_upper")
    for disc in own:
        disc.binary = tuple(int(j == upper) for j in range(len(BINARY)))
    turned = classifier_data.collate(own, np.random.default_rng(0), flips=1.0)
    assert turned.binary[:, BINARY.index("endplate_lower")].tolist() == [1.0] * 3
    assert turned.binary.sum().item() == 3
    plain = classifier_data.collate(own, np.random.default_rng(0))
    assert plain.binary[:, upper].tolist() == [1.0] * 3


def test_a_softmax_is_read_as_thresholds() -> None:
    logits = torch.tensor([[-9.0, -9.0, -9.0, -9.0], [0.0, 0.0, 30.0, 0.0]])
    above = classifier_fit.as_thresholds(logits).sigmoid()
    assert above[0].max() < 0.01  # grade 1
    assert above[1].tolist() == pytest.approx([1, 1, 1, 0], abs=0.01)  # grade 4


def test_an_ablation_keeps_what_it_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = ablation.Row("short", SHORT, copies=2)
    logits, marked = ablation.measure(row, discs(9), tuple(range(9)), tmp_path)
    assert len(marked) == 18  # two of three thirds
    found = ablation.figures(logits, marked)
    assert set(found) == set(ablation.FIGURES)
    table = tmp_path / "rows.csv"
    lines = ["row," + ",".join(ablation.FIGURES)]
    for name, add in ((ablation.FULL, 0.0), ("less", -0.1)):
        lines.append(",".join([name, *(str(round(0.8 + add, 2)) for _ in ablation.FIGURES)]))
    table.write_text("\n".join(lines))
    assert "| less | 0.700 (-0.100) |" in ablation.table(table)


def test_a_pupil_comes_nearer_to_its_teacher_than_the_gradings_alone_bring_it(
    tmp_path: Path,
) -> None:
    training = discs(4)
    torch.manual_seed(1)
    teacher = GradeNet().eval()
    with torch.no_grad():
        teacher.modic.bias += torch.tensor([0.0, 6.0, 0.0, 0.0])  # a belief that no grading holds
    taught = Recipe(epochs=2, patients=2, pretrained=False, taught=1.0)
    pupil = classifier_fit.train(training, [], tmp_path, "pupil", taught, [teacher])
    alone = classifier_fit.train(training, [], tmp_path, "alone", replace(taught, taught=0.0))
    one = classifier_fit.predict(pupil, training)["modic"].softmax(1)[:, 1].mean()
    other = classifier_fit.predict(alone, training)["modic"].softmax(1)[:, 1].mean()
    assert one > other


def test_embeddings_that_collapse_cost_more() -> None:
    generator = torch.Generator().manual_seed(0)
    spread = torch.randn(64, 16, generator=generator)
    same = torch.zeros(64, 16)
    assert pretrain.vicreg(same, same) > pretrain.vicreg(spread, spread) + 10
    other = torch.randn(64, 16, generator=generator)
    assert pretrain.vicreg(spread, other) > pretrain.vicreg(spread, spread) + 10


@pytest.mark.data
def test_discs_are_cut_with_their_gradings(shared_data: Path, tmp_path: Path) -> None:
    from finetune import spider
    from tools.levels import model

    some = {name: spider.points()[name] for name in ("9_t2", "10_t2")}
    built = list(classifier_data.build(shared_data, model(), some))
    assert {d.patient for d in built} == {9, 10}
    graded = {(g.patient, g.disc): g for g in spider.gradings(shared_data)}
    for disc in built:
        assert set(disc.views) <= {"t1", "t2", "near"}
        from radixgpt.level import disc_at

        assert disc.pfirrmann == graded[disc.patient, disc_at(disc.index)].pfirrmann
