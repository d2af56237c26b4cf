package candor.comm.mpi;

import candor.BadInput;
import candor.bindings.MissingLibraryException;
import candor.bindings.MpiLibrary;
import candor.bindings.MpiLibrary.Kind;
import candor.comm.Communicator;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;

/**
 * How this process was started, as its environment says: {@code mpirun} of Open MPI and of MPICH, and Slurm's {@code srun} with
 * PMIx or PMI, leave numbers there before anybody has called them.
 *
 * @param rank among those that were started together, from 0
 * @param size how many those are
 * @param kind the MPI that they can talk by
 */
public record Launch(int rank, int size, Kind kind) {
    /** Which MPI to take, where the environment does not say: openmpi or mpich. */
    private static final String CHOICE = "CANDOR_MPI";

    /** Seconds that one process waits for another. */
    static final String PATIENCE = "CANDOR_MPI_TIMEOUT";

    private static final long PATIENCE_SECONDS = 600;

    /** How this process was started, if together with others. */
    public static Optional<Launch> of(Map<String, String> environment) {
        OptionalInt size = first(environment, "OMPI_COMM_WORLD_SIZE", "PMI_SIZE");
        OptionalInt rank = first(environment, "OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK");
        if (size.isEmpty() && environment.containsKey("PMIX_RANK")) {
            size = first(environment, "SLURM_STEP_NUM_TASKS", "SLURM_NTASKS");
        }
        if (rank.isEmpty() || size.isEmpty() || size.getAsInt() < 2) {
            return Optional.empty();
        }
        return Optional.of(new Launch(rank.getAsInt(), size.getAsInt(), kind(environment)));
    }

    private static OptionalInt first(Map<String, String> environment, String... names) {
        return Stream.of(names)
                .map(environment::get)
                .filter(value -> value != null && value.matches("[0-9]{1,9}"))
                .mapToInt(Integer::parseInt)
                .findFirst();
    }

    private static Kind kind(Map<String, String> environment) {
        String choice = environment.get(CHOICE);
        if (choice != null) {
            return switch (choice) {
                case "openmpi" -> Kind.OPEN_MPI;
                case "mpich" -> Kind.MPICH;
                default -> throw new BadInput(CHOICE + "=" + choice + ": expected openmpi or mpich");
            };
        }
        if (environment.containsKey("OMPI_COMM_WORLD_SIZE")) {
            return Kind.OPEN_MPI;
        }
        // MPICH speaks PMI; PMIx both of them may, and Debian's Open MPI does.
        boolean pmix = environment.containsKey("PMIX_RANK") && !environment.containsKey("PMI_SIZE");
        return pmix && (Kind.OPEN_MPI.isThere() || !Kind.MPICH.isThere()) ? Kind.OPEN_MPI : Kind.MPICH;
    }

    /**
     * Joins the others.
     *
     * @throws BadInput where there is no library for that
     */
    public Communicator join() {
        MpiLibrary library;
        try {
            library = MpiLibrary.load(kind);
        } catch (MissingLibraryException e) {
            throw new BadInput(
                    "this is process " + rank + " of " + size + " that were started together, and it cannot talk to the"
                            + " others: " + e.getMessage(),
                    "or start it alone, without mpirun or srun",
                    e);
        }
        Communicator joined = MpiCommunicator.open(library, patience(System.getenv(PATIENCE)));
        if (joined.size() != size || joined.rank() != rank) {
            throw new BadInput("this process was started as number " + rank + " of " + size + ", and " + kind
                    + " says that it is number " + joined.rank() + " of " + joined.size()
                    + ": is mpirun of another MPI? " + CHOICE + "=openmpi or " + CHOICE + "=mpich says which to take");
        }
        return joined;
    }

    private static Duration patience(String seconds) {
        if (seconds == null) {
            return Duration.ofSeconds(PATIENCE_SECONDS);
        }
        if (!seconds.matches("[1-9][0-9]{0,8}")) {
            throw new BadInput(PATIENCE + "=" + seconds + ": expected whole seconds, at least one");
        }
        return Duration.ofSeconds(Long.parseLong(seconds));
    }
}
