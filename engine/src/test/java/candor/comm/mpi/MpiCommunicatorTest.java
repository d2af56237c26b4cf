package candor.comm.mpi;

import static org.assertj.core.api.Assertions.assertThat;

import candor.bindings.MpiLibrary.Kind;
import candor.comm.mpi.Mpirun.Result;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

@Tag("slow")
class MpiCommunicatorTest {
    /** Pieces of up to 1.2 million bytes; those that are longer than a message may be go in several. */
    @ParameterizedTest
    @CsvSource({"OPEN_MPI, 2, 1000000000", "OPEN_MPI, 3, 65537", "MPICH, 2, 65537", "MPICH, 3, 1000000000"})
    void everyPieceArrives(Kind kind, int processes, String mostBytes) throws Exception {
        Result result = new Mpirun(kind).run(processes, Map.of(), Exchanges.class, "exchange", mostBytes);
        int gathered = processes * (processes - 1) / 2;
        for (int rank = 0; rank < processes; rank++) {
            assertThat(result.lines()).contains(rank + " " + rank + " " + (1 + 7 + 4096 + 300_001 + gathered));
        }
        assertThat(result.code()).isZero();
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void whoeverFailsSaysWhy(Kind kind) throws Exception {
        Result result = new Mpirun(kind).run(3, Map.of(), Exchanges.class, "fail");
        assertThat(result.lines()).containsOnlyOnce("failed 1: process 1 of 3: the disk is full");
        assertThat(result.code()).isNotZero();
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void whoeverDiesIsNoticed(Kind kind) throws Exception {
        Result result = new Mpirun(kind).run(3, Map.of(), Exchanges.class, "die");
        assertThat(result.lines())
                .containsOnlyOnce(
                        "failed 1: process 1 of 3 has ended without a word, as one that is killed does, or for"
                                + " which there is no more memory");
        assertThat(result.code()).isNotZero();
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void whoeverStandsStillIsNoticed(Kind kind) throws Exception {
        Result result = new Mpirun(kind).run(2, Map.of("CANDOR_MPI_TIMEOUT", "2"), Exchanges.class, "hang");
        assertThat(result.lines())
                .containsOnlyOnce(
                        "failed 1: process 1 of 2 has not answered for 2 s (CANDOR_MPI_TIMEOUT says how many to wait)");
        assertThat(result.code()).isNotZero();
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void whoeverIsAskedToStopTellsTheOthers(Kind kind) throws Exception {
        Result result = new Mpirun(kind).run(3, Map.of(), Exchanges.class, "stop");
        assertThat(result.lines()).contains("0 stops", "1 stops", "2 stops");
        assertThat(result.code()).isZero();
    }

    /** It may ask a judge for hours, when those that helped it are done. */
    @ParameterizedTest
    @EnumSource(Kind.class)
    void whoeverIsDoneWaitsForTheFirstAsLongAsItWorks(Kind kind) throws Exception {
        Result result = new Mpirun(kind).run(3, Map.of("CANDOR_MPI_TIMEOUT", "2"), Exchanges.class, "late");
        assertThat(result.lines()).containsOnlyOnce("all is done").noneMatch(line -> line.startsWith("failed"));
        assertThat(result.code()).isZero();
    }
}
