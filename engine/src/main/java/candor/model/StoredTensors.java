package candor.model;

import candor.model.SafetensorsWriter.Spec;
import candor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.function.Function;

/** The tensors of a checkpoint as its files hold them, vectors too in their own types: for whoever writes it anew. */
public final class StoredTensors {
    private final List<Spec> specs;
    private final Function<String, Tensor> files;

    StoredTensors(List<Spec> specs, Function<String, Tensor> files) {
        this.specs = List.copyOf(specs);
        this.files = files;
    }

    /**
     * Opens a checkpoint.
     *
     * @param arena how long its files stay mapped
     * @throws candor.BadInput as {@link Weights#load}
     */
    public static StoredTensors open(ModelFolder folder, Arena arena) {
        return WeightsLoader.stored(folder, arena);
    }

    /** What there is, in the order in which a forward pass meets it. */
    public List<Spec> specs() {
        return specs;
    }

    /** A tensor by its name; read-only. */
    public Tensor tensor(String name) {
        return files.apply(name);
    }
}
