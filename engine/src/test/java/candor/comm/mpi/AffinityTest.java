package candor.comm.mpi;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

class AffinityTest {
    @Test
    void whoHasProcessorsOfItsOwnTakesAllOfThem() {
        assertThat(Affinity.share("0-7", List.of("8-15", "16-23"), 8)).isEqualTo(8);
        assertThat(Affinity.share("0,2-4", List.of("1,5-7"), 4)).isEqualTo(4);
        assertThat(Affinity.share("3", List.of("0", "1", "2"), 1)).isOne();
    }

    @Test
    void processorsOfSeveralAreShared() {
        assertThat(Affinity.share("0-15", Collections.nCopies(3, "0-15"), 16)).isEqualTo(4);
        assertThat(Affinity.share("0-1", Collections.nCopies(7, "0-1"), 2)).isOne();
        assertThat(Affinity.share("0-2", Collections.nCopies(2, "0-2"), 3)).isOne();
        assertThat(Affinity.share("0-5", List.of("4-9"), 6))
                .as("four alone, two with another")
                .isEqualTo(5);
    }

    @Test
    void aQuotaIsSharedByThoseWhoShareProcessors() {
        assertThat(Affinity.share("0-63", List.of("0-63"), 8)).isEqualTo(4);
        assertThat(Affinity.share("0-31", List.of("32-63"), 8)).isEqualTo(8);
    }

    @Test
    void whereNothingIsKnownAllAreShared() {
        assertThat(Affinity.share("", List.of("", ""), 12)).isEqualTo(4);
        assertThat(Affinity.share("x-", List.of(), 12)).isEqualTo(12);
        assertThat(Affinity.share("0-99999", List.of("0-3"), 4)).isEqualTo(2);
    }

    @Test
    void thisProcessHasAsManyAsTheJvmCountsOrMore() {
        String own = Affinity.ofThisProcess();
        assertThat(Affinity.share(own, List.of(), Runtime.getRuntime().availableProcessors()))
                .isEqualTo(Runtime.getRuntime().availableProcessors());
    }
}
