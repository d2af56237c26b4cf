package candor.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import org.junit.jupiter.api.Test;

class Sha256Test {
    /** The standard's own example (FIPS 180-2, B.1). */
    private static final String ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    @Test
    void theStandardsExample() {
        assertThat(Sha256.hex("abc")).isEqualTo(ABC);
        assertThat(Sha256.hex(new byte[] {'a', 'b', 'c'})).isEqualTo(ABC);
        assertThat(new Sha256().add("abc").sum()).hasSize(32);
        assertThat(new Sha256().add("abc").leading()).isEqualTo(0xba7816bf8f01cfeaL);
    }

    @Test
    void partsAreOneSum() {
        Sha256 sum = new Sha256().add("a").add(new byte[] {'x', 'b', 'y'}, 1, 1).add("c");
        assertThat(sum.hex()).isEqualTo(ABC);
        assertThat(sum.add("abc").hex()).as("it began anew").isEqualTo(ABC);
    }

    @Test
    void textsAreUtf8() {
        assertThat(Sha256.hex("é")).isEqualTo(Sha256.hex(new byte[] {(byte) 0xc3, (byte) 0xa9}));
    }

    @Test
    void whatPassesIsAdded() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        Sha256 sum = new Sha256();
        try (OutputStream out = sum.passing(bytes)) {
            out.write('a');
            out.write(new byte[] {'b', 'c'});
        }
        assertThat(bytes).hasToString("abc");
        assertThat(sum.hex()).isEqualTo(ABC);
    }
}
