package candor.train;

import candor.tensor.Tensor;
import java.nio.file.Path;
import java.util.Map;

/** What a run trains: its parameters and their gradients, each one row of float32, and the files that it becomes. */
interface Trainee {
    /** (1, P) */
    Tensor parameters();

    /** (1, P), added to by each backward pass. */
    Tensor gradients();

    /** Parameters at the head of the row that weight decay is for. */
    int decayed();

    /** Where the elements of each layer begin in the row, and where they end; null where they do not lie layer after layer. */
    int[] layers();

    /** What run.json says of it. */
    Map<String, ?> facts();

    /** The folder that it is written to when the run is done. */
    Path result();

    /** Writes {@link #result}. */
    void write();
}
