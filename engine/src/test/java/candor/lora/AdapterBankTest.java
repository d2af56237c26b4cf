package candor.lora;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.model.ModelConfig;
import candor.model.Projection;
import candor.ops.Batch;
import candor.ops.Lora;
import java.lang.foreign.Arena;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class AdapterBankTest {
    private final Arena arena = Arena.ofConfined();
    private final Memory memory = Memory.of(arena);

    @AfterEach
    void close() {
        arena.close();
    }

    @Test
    void givesEachLayerTheFactorsOfEverySlot() {
        Adapter policy = Adapter.trained(memory, new AdapterLayout(AdapterTest.MODEL, AdapterTest.ALL));
        Adapter reference = policy.frozenCopy(memory);
        Adapter two = Adapter.trained(
                memory,
                new AdapterLayout(AdapterTest.MODEL, new LoraConfig(17, 8, true, AdapterTest.TWO.projections())));
        AdapterBank bank = new AdapterBank(AdapterTest.MODEL, 4);
        assertThat(bank.lora(0, Projection.QUERY)).isNull();
        bank.set(0, policy);
        bank.set(2, reference);
        bank.set(3, two);
        for (int layer = 0; layer < 3; layer++) {
            for (Projection projection : Projection.values()) {
                Lora lora = bank.lora(layer, projection);
                assertThat(lora.at(0).a()).isEqualTo(policy.a(layer, projection));
                assertThat(lora.at(0).b()).isEqualTo(policy.b(layer, projection));
                assertThat(lora.at(0).da()).isEqualTo(policy.da(layer, projection));
                assertThat(lora.at(0).db()).isEqualTo(policy.db(layer, projection));
                assertThat(lora.at(0).scale()).isEqualTo(2f);
                assertThat(lora.at(1)).isNull();
                assertThat(lora.at(2).a()).isEqualTo(reference.a(layer, projection));
                assertThat(lora.at(2).trained()).isFalse();
                boolean touched = AdapterTest.TWO.projections().contains(projection);
                assertThat(lora.at(3) != null).isEqualTo(touched);
                assertThat(lora.paddedRank()).isEqualTo(touched ? 32 : 16);
                assertThat(lora.at(Batch.BASE)).isNull();
            }
        }
        assertThat(bank.lora(1, Projection.VALUE).at(3).scale()).isEqualTo((float) (8 / Math.sqrt(17)));
        assertThat(bank.get(3)).isSameAs(two);
        assertThat(bank.slots()).isEqualTo(4);
    }

    /** A step allocates nothing, so the same question has the same answer until a slot changes. */
    @Test
    void isBuiltWhenASlotChanges() {
        Adapter two = Adapter.frozen(memory, new AdapterLayout(AdapterTest.MODEL, AdapterTest.TWO));
        AdapterBank bank = new AdapterBank(AdapterTest.MODEL, 2);
        bank.set(1, two);
        assertThat(bank.lora(1, Projection.QUERY)).isSameAs(bank.lora(1, Projection.QUERY));
        assertThat(bank.lora(1, Projection.KEY)).isNull();
        bank.set(1, null);
        assertThat(bank.lora(1, Projection.QUERY)).isNull();
    }

    @Test
    void refusesAnAdapterOfAnotherModel() {
        ModelConfig m = AdapterTest.MODEL;
        ModelConfig deeper = m.but().layers(4).build();
        Adapter other = Adapter.frozen(memory, new AdapterLayout(deeper, AdapterTest.TWO));
        AdapterBank bank = new AdapterBank(m, 1);
        assertThatThrownBy(() -> bank.set(0, other)).isInstanceOf(IllegalArgumentException.class);
    }
}
