package candor.lora;

import candor.lora.AdapterShape.Place;
import candor.lora.AdapterShape.Site;
import candor.model.Adapters;
import candor.model.Affine;
import candor.model.ModelConfig;
import candor.model.Projection;
import candor.ops.DropoutRates;
import candor.ops.Lora;
import candor.ops.weight.FrozenWeight;
import candor.ops.weight.StoredWeight;
import candor.tensor.DType;
import candor.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/**
 * The adapters over one model, by slot. A sequence of a batch names its slot; slots may be empty, and then behave as
 * the base model. What a step asks for is made when a slot changes, so a step allocates nothing.
 */
public final class AdapterBank implements Adapters {
    private static final Projection[] PROJECTIONS = Projection.values();

    private final ModelConfig model;
    private final Adapter[] slots;
    /** By slot, what its adapter does not see of its inputs while it is trained. */
    private final double[] dropouts;

    private final Lora[][] table;
    private final Lora.Seat[][] seats;
    private final int[] paddedRanks = new int[PROJECTIONS.length];
    private long revision;

    /** @param slots how many slots there are; all empty at first */
    public AdapterBank(ModelConfig model, int slots) {
        this.model = Objects.requireNonNull(model);
        this.slots = new Adapter[slots];
        this.dropouts = new double[slots];
        this.table = new Lora[model.layers()][PROJECTIONS.length];
        this.seats = new Lora.Seat[model.layers()][PROJECTIONS.length];
        for (Lora.Seat[] layer : seats) {
            Arrays.setAll(layer, _ -> new Lora.Seat());
        }
    }

    /** Adapters that have shapes and no memory, in the order of their slots: for plans. */
    public static AdapterBank shapes(ModelConfig model, List<AdapterShape> shapes) {
        Memory none = new Memory() {
            @Override
            public Tensor allocate(DType dtype, int rows, int cols) {
                return Tensor.of(MemorySegment.NULL, dtype, rows, cols);
            }

            @Override
            public void upload(Tensor to, float[] values) {
                throw new UnsupportedOperationException();
            }

            @Override
            public void download(float[] values, Tensor from) {
                throw new UnsupportedOperationException();
            }

            @Override
            public FrozenWeight freeze(StoredWeight host) {
                throw new UnsupportedOperationException();
            }
        };
        AdapterBank bank = new AdapterBank(model, Math.max(1, shapes.size()));
        for (int slot = 0; slot < shapes.size(); slot++) {
            bank.set(slot, Adapter.trained(none, new AdapterLayout(shapes.get(slot))));
        }
        return bank;
    }

    /** Puts an adapter into a slot, or null to empty it. */
    public void set(int slot, Adapter adapter) {
        set(slot, adapter, 0);
    }

    /**
     * Puts an adapter to train into a slot.
     *
     * @param dropout the share of its inputs' elements that it does not see in passes over batches that {@link
     *                candor.ops.Batch#drops}, from 0 to below 1
     */
    public void set(int slot, Adapter adapter, double dropout) {
        if (adapter != null && !adapter.model().equals(model)) {
            throw new IllegalArgumentException("the adapter was made for another model: " + adapter.model());
        }
        slots[slot] = adapter;
        dropouts[slot] = dropout;
        revision++;
        for (Projection projection : PROJECTIONS) {
            int rank = 0;
            for (Adapter each : slots) {
                rank = Math.max(rank, each == null ? 0 : each.shape().rank(projection));
            }
            paddedRanks[projection.ordinal()] = Lora.padded(rank);
            for (int layer = 0; layer < table.length; layer++) {
                table[layer][projection.ordinal()] = build(layer, projection, rank);
            }
        }
    }

    @Override
    public long revision() {
        return revision;
    }

    /** @param rank the largest of this projection in any layer: in all of them the intermediate product is as wide */
    private Lora build(int layer, Projection projection, int rank) {
        Lora.Factors[] factors = new Lora.Factors[slots.length];
        boolean any = false;
        boolean drops = false;
        for (int slot = 0; slot < slots.length; slot++) {
            Adapter adapter = slots[slot];
            Site site = adapter == null ? null : adapter.shape().at(layer, projection);
            if (site != null) {
                factors[slot] = new Lora.Factors(
                        adapter.a(layer, projection),
                        adapter.b(layer, projection),
                        (float) site.scale(),
                        adapter.da(layer, projection),
                        adapter.db(layer, projection));
                any = true;
                drops |= dropouts[slot] > 0;
            }
        }
        if (!any) {
            return null;
        }
        int module = layer * PROJECTIONS.length + projection.ordinal();
        DropoutRates rates = drops ? new DropoutRates(module, dropouts) : null;
        return Lora.on(seats[layer][projection.ordinal()], rates, rank, factors);
    }

    public ModelConfig model() {
        return model;
    }

    /** How many slots there are, empty ones included. */
    public int slots() {
        return slots.length;
    }

    /** The adapter in a slot, or null. */
    public Adapter get(int slot) {
        return slots[slot];
    }

    @Override
    public int paddedRank(Projection projection) {
        return paddedRanks[projection.ordinal()];
    }

    @Override
    public Affine affine(int layer, Projection projection, int slot) {
        Extras extras = extras(slot);
        return extras == null ? null : extras.affines().get(new Place(layer, projection));
    }

    @Override
    public FrozenWeight embedding(int slot) {
        Extras extras = extras(slot);
        return extras == null ? null : extras.embedding();
    }

    @Override
    public FrozenWeight head(int slot) {
        Extras extras = extras(slot);
        return extras == null ? null : extras.head();
    }

    /** What the adapter of a slot changes beside its factors; null where that is nothing. */
    private Extras extras(int slot) {
        Adapter adapter = slot < 0 || slot >= slots.length ? null : slots[slot];
        return adapter == null || adapter.extras().isNone() ? null : adapter.extras();
    }

    @Override
    public Lora lora(int layer, Projection projection) {
        return table[layer][projection.ordinal()];
    }
}
