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
    /** Which MPI to take, where the environment does not say: openmpi or mpich; or none, where each process is for itself. */
    private static final String CHOICE = "CANDOR_MPI";

    private static final String NONE = "none";
    private static final String STEP_SIZE = "SLURM_STEP_NUM_TASKS";

    /** Seconds that one process waits for another. */
    static final String PATIENCE = "CANDOR_MPI_TIMEOUT";

    private static final long PATIENCE_SECONDS = 600;

    /** How this process was started, if together with others. */
    public static Optional<Launch> of(Map<String, String> environment) {
        if (NONE.equals(environment.get(CHOICE))) {
            return Optional.empty();
        }
        OptionalInt size = first(environment, "OMPI_COMM_WORLD_SIZE", "PMI_SIZE");
        OptionalInt rank = first(environment, "OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK");
        if (size.isEmpty() && environment.containsKey("PMIX_RANK")) {
            size = first(environment, STEP_SIZE, "SLURM_NTASKS");
        }
        if (rank.isEmpty() || size.isEmpty() || size.getAsInt() < 2) {
            return Optional.empty();
        }
        return Optional.of(new Launch(rank.getAsInt(), size.getAsInt(), kind(environment)));
    }

    /**
     * One of several processes that srun started without telling them how to find each other, as it does without {@code --mpi}.
     *
     * @param rank among them, from 0
     * @param size how many those are
     */
    public record Apart(int rank, int size) {
        /** What is to be said of work that they would share. */
        public BadInput refusal() {
            return new BadInput(
                    "srun started " + size
                            + " processes that do not know of each other, and each would do all of the work",
                    "srun --mpi=pmix or --mpi=pmi2 lets them share it (srun --mpi=list says what there is); " + CHOICE
                            + "=" + NONE + " lets each work by itself");
        }
    }

    /** Whether this process is one of several that do not know of each other, and that nobody wants so. */
    public static Optional<Apart> apart(Map<String, String> environment) {
        boolean told = Stream.of("OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMI_RANK", "PMIX_RANK")
                .anyMatch(environment::containsKey);
        OptionalInt size = first(environment, STEP_SIZE);
        OptionalInt rank = first(environment, "SLURM_PROCID");
        if (told || NONE.equals(environment.get(CHOICE)) || rank.isEmpty() || size.isEmpty() || size.getAsInt() < 2) {
            return Optional.empty();
        }
        return Optional.of(new Apart(rank.getAsInt(), size.getAsInt()));
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
                default -> throw new BadInput(CHOICE + "=" + choice + ": expected openmpi, mpich or none");
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
        return join(MpiCommunicator.MOST_BYTES);
    }

    /** @param mostBytes of one message */
    Communicator join(long mostBytes) {
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
        Communicator joined = MpiCommunicator.open(library, patience(System.getenv(PATIENCE)), mostBytes);
        if (joined.size() != size || joined.rank() != rank) {
            throw new BadInput(
                    "this process was started as number " + rank + " of " + size + ", and " + kind
                            + " says that it is number " + joined.rank() + " of " + joined.size(),
                    "start it by the mpirun of " + kind + ", or by srun with the --mpi that it was built for; " + CHOICE
                            + "=openmpi or " + CHOICE + "=mpich says which MPI to take");
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
