package candor.comm.mpi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import candor.bindings.MpiLibrary.Kind;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class LaunchTest {
    @Test
    void aProcessThatNobodyStartedWithOthersIsAlone() {
        assertThat(Launch.of(Map.of())).isEmpty();
        assertThat(Launch.of(Map.of("OMPI_COMM_WORLD_SIZE", "1", "OMPI_COMM_WORLD_RANK", "0")))
                .isEmpty();
        assertThat(Launch.of(Map.of("SLURM_NTASKS", "4", "SLURM_PROCID", "1"))).isEmpty();
        assertThat(Launch.of(Map.of("PMIX_RANK", "0", "SLURM_STEP_NUM_TASKS", "1", "SLURM_NTASKS", "8")))
                .isEmpty();
    }

    @Test
    void theEnvironmentSaysWhoItIs() {
        assertThat(Launch.of(Map.of("OMPI_COMM_WORLD_SIZE", "4", "OMPI_COMM_WORLD_RANK", "3")))
                .contains(new Launch(3, 4, Kind.OPEN_MPI));
        assertThat(Launch.of(Map.of("PMI_SIZE", "2", "PMI_RANK", "1"))).contains(new Launch(1, 2, Kind.MPICH));
        Map<String, String> slurm = Map.of("PMIX_RANK", "2", "SLURM_STEP_NUM_TASKS", "3", "CANDOR_MPI", "openmpi");
        assertThat(Launch.of(slurm)).contains(new Launch(2, 3, Kind.OPEN_MPI));
    }

    @Test
    void processesThatSrunLeavesToThemselvesAreFound() {
        Map<String, String> step = Map.of("SLURM_STEP_NUM_TASKS", "4", "SLURM_PROCID", "3", "SLURM_NTASKS", "4");
        assertThat(Launch.of(step)).isEmpty();
        assertThat(Launch.apart(step)).contains(new Launch.Apart(3, 4));
        assertThat(new Launch.Apart(0, 4).refusal())
                .hasMessageStartingWith("srun started 4 processes that do not know of each other")
                .hasMessageContaining("srun --mpi=pmix or --mpi=pmi2");
        // A batch script, one task, and those that can find each other or shall not.
        assertThat(Launch.apart(Map.of("SLURM_NTASKS", "4", "SLURM_PROCID", "0")))
                .isEmpty();
        assertThat(Launch.apart(Map.of("SLURM_STEP_NUM_TASKS", "1", "SLURM_PROCID", "0")))
                .isEmpty();
        for (String found : List.of("PMIX_RANK", "PMI_RANK", "OMPI_COMM_WORLD_SIZE")) {
            Map<String, String> more = new HashMap<>(step);
            more.put(found, "3");
            assertThat(Launch.apart(more)).isEmpty();
        }
        Map<String, String> none = new HashMap<>(step);
        none.put("CANDOR_MPI", "none");
        assertThat(Launch.apart(none)).isEmpty();
        assertThat(Launch.of(Map.of("PMI_SIZE", "2", "PMI_RANK", "1", "CANDOR_MPI", "none")))
                .isEmpty();
    }

    @Test
    void aChoiceThatIsNoneIsRefused() {
        assertThatThrownBy(() -> Launch.of(Map.of("PMI_SIZE", "2", "PMI_RANK", "1", "CANDOR_MPI", "intel")))
                .isInstanceOf(BadInput.class)
                .hasMessage("CANDOR_MPI=intel: expected openmpi, mpich or none");
    }
}
