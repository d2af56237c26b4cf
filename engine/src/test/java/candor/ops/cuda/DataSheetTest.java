package candor.ops.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class DataSheetTest {
    @Test
    void aDeviceIsKnownByItsWholeName() {
        assertThat(DataSheet.bf16("NVIDIA H200")).hasValue(989.5e12);
        assertThat(DataSheet.bf16("NVIDIA H200 NVL")).hasValue(835.5e12);
        assertThat(DataSheet.bf16("NVIDIA GeForce RTX 4090")).hasValue(165.2e12);
    }

    @Test
    void aPartOfADeviceOrAnotherEditionIsNot() {
        assertThat(DataSheet.bf16("NVIDIA A100-SXM4-40GB MIG 3g.20gb")).isEmpty();
        assertThat(DataSheet.bf16("NVIDIA GeForce RTX 4090 Laptop GPU")).isEmpty();
        assertThat(DataSheet.bf16("emulated")).isEmpty();
    }
}
