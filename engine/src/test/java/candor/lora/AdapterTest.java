package candor.lora;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import candor.BadInput;
import candor.model.Architecture;
import candor.model.ModelConfig;
import candor.model.Projection;
import candor.model.Rope;
import candor.ops.weight.FrozenWeight;
import candor.ops.weight.StoredWeight;
import candor.tensor.DType;
import candor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class AdapterTest {
    static final ModelConfig MODEL = ModelConfig.of(Architecture.QWEN3)
            .hiddenSize(14)
            .intermediateSize(23)
            .layers(3)
            .heads(3, 1, 10)
            .vocabSize(97)
            .build();
    static final LoraConfig ALL = new LoraConfig(5, 10, false, EnumSet.allOf(Projection.class));
    static final LoraConfig TWO = new LoraConfig(4, 8, true, Set.of(Projection.VALUE, Projection.QUERY));

    private final Arena arena = Arena.ofConfined();
    private final Memory memory = Memory.of(arena);

    @AfterEach
    void close() {
        arena.close();
    }

    @Test
    void projectionsHaveTheirSizes() {
        List<String> sizes = new ArrayList<>();
        for (Projection projection : Projection.values()) {
            sizes.add(projection.block() + "." + projection.peftName() + " " + projection.outputs(MODEL) + " x "
                    + projection.inputs(MODEL));
        }
        assertThat(sizes)
                .containsExactly(
                        "self_attn.q_proj 30 x 14",
                        "self_attn.k_proj 10 x 14",
                        "self_attn.v_proj 10 x 14",
                        "self_attn.o_proj 14 x 30",
                        "mlp.gate_proj 23 x 14",
                        "mlp.up_proj 23 x 14",
                        "mlp.down_proj 14 x 23");
    }

    @Test
    void scalesByTheRankOrItsRoot() {
        assertThat(ALL.scale()).isEqualTo(2);
        assertThat(TWO.scale()).isEqualTo(4);
    }

    @Test
    void refusesWhatMakesNoAdapter() {
        assertThatThrownBy(() -> new LoraConfig(0, 1, false, EnumSet.allOf(Projection.class)))
                .isInstanceOf(BadInput.class)
                .hasMessage("LoRA: rank is 0, expected 1 to 4096; choose another rank");
        assertThatThrownBy(() -> new LoraConfig(1, Double.NaN, false, EnumSet.allOf(Projection.class)))
                .isInstanceOf(BadInput.class)
                .hasMessage("LoRA: alpha is NaN, expected 1.0E-6 to 1000000.0; choose another alpha");
        assertThatThrownBy(() -> new LoraConfig(1, 1, false, Set.of()))
                .isInstanceOf(BadInput.class)
                .hasMessage("LoRA: there are no target modules; name at least one of q_proj, k_proj, v_proj, o_proj,"
                        + " gate_proj, up_proj, down_proj");
        assertThatThrownBy(() -> LoraConfig.projections(List.of("q_proj", "lm_head")))
                .isInstanceOf(BadInput.class)
                .hasMessage("LoRA: target module lm_head is not supported; take some of q_proj, k_proj, v_proj, o_proj,"
                        + " gate_proj, up_proj, down_proj, or all-linear");
        assertThat(LoraConfig.projections(List.of("all-linear"))).containsExactly(Projection.values());
        assertThat(TWO.projections()).containsExactly(Projection.QUERY, Projection.VALUE);
        ModelConfig huge = ModelConfig.of(Architecture.LLAMA)
                .hiddenSize(65536)
                .intermediateSize(65536)
                .layers(1000)
                .heads(64, 64, 1024)
                .vocabSize(97)
                .rope(new Rope.Default(1))
                .build();
        assertThatThrownBy(
                        () -> new AdapterLayout(huge, new LoraConfig(4096, 1, false, EnumSet.allOf(Projection.class))))
                .isInstanceOf(BadInput.class)
                .hasMessage("LoRA: an adapter of rank 4096 has 3758096384000 parameters, more than 2147483647; choose a"
                        + " smaller rank or fewer target modules");
    }

    /** Every view has its own elements, aligned, in the documented order; together they are all parameters. */
    @Test
    void viewsDivideOneRow() {
        Adapter adapter = Adapter.trained(memory, new AdapterLayout(MODEL, ALL));
        assertThat(adapter.parameters().rows()).isOne();
        assertThat(adapter.parameters().bytes()).isEqualTo(adapter.layout().bytes());
        long end = 0;
        long elements = 0;
        int number = 0;
        for (int layer = 0; layer < 3; layer++) {
            for (Projection projection : Projection.values()) {
                Tensor a = adapter.a(layer, projection);
                Tensor b = adapter.b(layer, projection);
                assertThat(a.shape()).isEqualTo("F32 5 x " + projection.inputs(MODEL));
                assertThat(b.shape()).isEqualTo("F32 " + projection.outputs(MODEL) + " x 5");
                assertThat(adapter.da(layer, projection).shape()).isEqualTo(a.shape());
                assertThat(adapter.db(layer, projection).shape()).isEqualTo(b.shape());
                for (Tensor view : List.of(a, b)) {
                    long start =
                            view.data().address() - adapter.parameters().data().address();
                    assertThat(start).isBetween(end, end + Tensor.ALIGNMENT - 1);
                    assertThat(start % Tensor.ALIGNMENT).isZero();
                    end = start + view.bytes();
                    elements += view.elements();
                    fill(view, ++number);
                }
                assertThat(adapter.da(layer, projection).data().address()
                                - adapter.gradients().data().address())
                        .isEqualTo(
                                a.data().address() - adapter.parameters().data().address());
                assertThat(adapter.db(layer, projection).data().address()
                                - adapter.gradients().data().address())
                        .isEqualTo(
                                b.data().address() - adapter.parameters().data().address());
            }
        }
        assertThat(elements).isEqualTo(adapter.parameterCount());
        assertThat(end)
                .isBetween(
                        adapter.layout().bytes() - Tensor.ALIGNMENT + 1,
                        adapter.layout().bytes());
        long used = 0;
        for (float value : adapter.parameters().toFloats()) {
            used += value == 0 ? 0 : 1;
        }
        assertThat(used).isEqualTo(elements);
        assertThat(adapter.a(0, Projection.QUERY).toFloats()).containsOnly(1);
        assertThat(adapter.b(2, Projection.DOWN).toFloats()).containsOnly(number);
    }

    private static void fill(Tensor view, float value) {
        for (int r = 0; r < view.rows(); r++) {
            for (int c = 0; c < view.cols(); c++) {
                view.set(r, c, value);
            }
        }
    }

    @Test
    void frozenAdaptersHaveNoGradients() {
        Adapter adapter = Adapter.frozen(memory, new AdapterLayout(MODEL, TWO));
        assertThat(adapter.trained()).isFalse();
        assertThat(adapter.gradients()).isNull();
        assertThat(adapter.da(0, Projection.QUERY)).isNull();
        assertThat(adapter.db(0, Projection.QUERY)).isNull();
        assertThatThrownBy(() -> adapter.a(0, Projection.KEY)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> adapter.a(3, Projection.QUERY)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void startsUniformWithinOneOverTheRootOfTheInputs() {
        LoraConfig wide = new LoraConfig(601, 1, false, EnumSet.allOf(Projection.class));
        Adapter adapter =
                Adapter.trained(memory, new AdapterLayout(MODEL, wide)).initialise(3);
        for (Projection projection : Projection.values()) {
            float[] values = adapter.a(1, projection).toFloats();
            double bound = 1 / Math.sqrt(projection.inputs(MODEL));
            double sum = 0;
            double squares = 0;
            for (float value : values) {
                assertThat((double) Math.abs(value)).isLessThanOrEqualTo((float) bound);
                sum += value;
                squares += (double) value * value;
            }
            int n = values.length;
            double deviation = bound / Math.sqrt(3);
            assertThat(sum / n).isCloseTo(0, within(5 * deviation / Math.sqrt(n)));
            assertThat(squares / n).isCloseTo(bound * bound / 3, within(5 * bound * bound * Math.sqrt(4 / 45.0 / n)));
            assertThat(adapter.b(1, projection).toFloats()).containsOnly(0);
        }
    }

    /** Each number depends on seed, layer, projection and element alone: not on what else the adapter has. */
    @Test
    void startsTheSameForTheSameSeed() {
        Adapter all = Adapter.trained(memory, new AdapterLayout(MODEL, ALL)).initialise(11);
        Adapter again = Adapter.frozen(memory, new AdapterLayout(MODEL, ALL)).initialise(11);
        Adapter other = Adapter.trained(memory, new AdapterLayout(MODEL, ALL)).initialise(12);
        LoraConfig alone = new LoraConfig(5, 1, true, Set.of(Projection.DOWN));
        Adapter down = Adapter.trained(memory, new AdapterLayout(MODEL, alone)).initialise(11);
        assertThat(again.parameters().toFloats()).isEqualTo(all.parameters().toFloats());
        assertThat(down.a(2, Projection.DOWN).toFloats())
                .isEqualTo(all.a(2, Projection.DOWN).toFloats());
        assertThat(other.a(0, Projection.QUERY).toFloats())
                .isNotEqualTo(all.a(0, Projection.QUERY).toFloats());
        assertThat(all.a(0, Projection.QUERY).toFloats())
                .isNotEqualTo(all.a(0, Projection.KEY).toFloats());
        assertThat(all.a(0, Projection.QUERY).toFloats())
                .isNotEqualTo(all.a(1, Projection.QUERY).toFloats());
        // Computed by other code: another generator, or another key, would start every run elsewhere.
        assertThat(all.a(0, Projection.QUERY).get(0, 0)).isEqualTo(0.2116965353488922);
        assertThat(all.a(2, Projection.DOWN).get(3, 0)).isEqualTo(0.08378715813159943);
    }

    @Test
    void aFrozenCopyStaysAsItWas() {
        Adapter adapter = Adapter.trained(memory, new AdapterLayout(MODEL, ALL)).initialise(5);
        float[] before = adapter.parameters().toFloats();
        Adapter copy = adapter.frozenCopy(memory);
        adapter.initialise(6);
        assertThat(copy.parameters().toFloats()).isEqualTo(before);
        assertThat(copy.trained()).isFalse();
        assertThat(copy.shape()).isEqualTo(adapter.shape());
    }

    /** Device memory is an address without a length: views must be made without touching it. */
    @Test
    void dividesMemoryThatJavaCannotTouch() {
        Memory device = new Memory() {
            @Override
            public Tensor allocate(DType dtype, int rows, int cols) {
                return Tensor.of(MemorySegment.ofAddress(4096), dtype, rows, cols);
            }

            @Override
            public void upload(Tensor to, float[] values) {}

            @Override
            public void download(float[] values, Tensor from) {}

            @Override
            public FrozenWeight freeze(StoredWeight host) {
                throw new UnsupportedOperationException();
            }
        };
        Adapter adapter = Adapter.trained(device, new AdapterLayout(MODEL, TWO));
        assertThat(adapter.a(0, Projection.QUERY).data().address()).isEqualTo(4096);
        // 4 x 14 elements, rounded up to 64.
        assertThat(adapter.b(0, Projection.QUERY).data().address()).isEqualTo(4096 + 4 * 64);
    }
}
