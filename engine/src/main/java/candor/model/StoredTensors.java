package candor.model;

import candor.model.SafetensorsWriter.Spec;
import candor.ops.weight.PackedForm;
import candor.ops.weight.StoredWeight;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.function.BiFunction;

/** The tensors of a checkpoint as its files hold them, vectors too in their own types: for whoever writes it anew. */
public final class StoredTensors {
    private final ModelConfig config;
    private final List<Spec> specs;
    private final BiFunction<String, Arena, StoredWeight> files;

    StoredTensors(ModelConfig config, List<Spec> specs, BiFunction<String, Arena, StoredWeight> files) {
        this.config = config;
        this.specs = List.copyOf(specs);
        this.files = files;
    }

    /**
     * Opens a checkpoint.
     *
     * @param form  what linear layers are packed as, each when it is asked for; null for whatever they are in
     * @param arena how long its files stay mapped
     * @throws candor.BadInput as {@link Weights#load}
     */
    public static StoredTensors open(ModelFolder folder, PackedForm form, Arena arena) {
        return WeightsLoader.stored(folder, form, arena);
    }

    /** The model. */
    public ModelConfig config() {
        return config;
    }

    /** What there is, in the order in which a forward pass meets it; what is packed is bf16, whose numbers it stands for. */
    public List<Spec> specs() {
        return specs;
    }

    /**
     * A tensor by its name, in its form; a vector is (1, n). Read-only.
     *
     * @param arena how long it lives where it is packed first
     */
    public StoredWeight weight(String name, Arena arena) {
        return files.apply(name, arena);
    }
}
