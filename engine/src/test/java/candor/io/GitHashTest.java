package candor.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class GitHashTest {
    /** As {@code git hash-object} says. */
    @Test
    void contentHasTheNameThatGitGivesIt() {
        assertThat(new GitHash(0).hex()).isEqualTo("e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
        byte[] hello = "hello\n".getBytes(StandardCharsets.US_ASCII);
        assertThat(new GitHash(6).add(hello, 0, 2).add(hello, 2, 4).hex())
                .isEqualTo("ce013625030ba8dba906f756967f9e9ca394464a");
    }
}
