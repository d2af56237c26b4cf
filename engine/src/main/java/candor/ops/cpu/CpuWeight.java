package candor.ops.cpu;

import candor.ops.weight.FrozenWeight;
import candor.ops.weight.StoredWeight;
import candor.ops.weight.WeightForm;
import candor.tensor.DType;

/** A frozen weight of this backend: as it is stored, and in panels, which {@link FrozenPanels} lays out when they are wanted. */
final class CpuWeight implements FrozenWeight {
    private final StoredWeight stored;
    private final PanelSource source;

    /** The panels of wᵀ; null until they are wanted, and where there is no room for them. */
    PanelSet forward;

    /** The panels of w; null as {@link #forward} is. */
    PanelSet backward;

    /** @param layout of its panels */
    CpuWeight(StoredWeight stored, PanelLayout layout) {
        this.stored = stored;
        source = layout.source(stored);
    }

    StoredWeight stored() {
        return stored;
    }

    PanelSource source() {
        return source;
    }

    @Override
    public int rows() {
        return stored.rows();
    }

    @Override
    public int cols() {
        return stored.cols();
    }

    @Override
    public WeightForm form() {
        return stored.form();
    }

    @Override
    public boolean fits(DType activations) {
        return stored.fits(activations);
    }
}
