package candor.lora;

import candor.BadInput;
import candor.model.Safetensors;
import candor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** The tensors of {@code adapter_model.safetensors} by their modules' names: each checked when it is asked for, and ticked off. */
final class PeftTensors {
    private static final String PREFIX = "base_model.model.";
    private static final String CHECK = "; check that the adapter was made for this model";

    private final Path path;
    private final Safetensors file;
    private final Set<String> asked = new HashSet<>();

    /** @param arena for as long as tensors are looked at, but for those that last */
    PeftTensors(Path path, Arena arena) {
        this.path = path;
        file = Safetensors.open(path, arena);
    }

    static String name(String module, String part) {
        return PREFIX + module + "." + part;
    }

    Set<String> names() {
        return file.names();
    }

    boolean has(String module, String part) {
        return file.names().contains(name(module, part));
    }

    /** The values of a tensor of one shape; one dimension where {@code rows} is 0. */
    float[] values(String module, String part, int rows, int cols, String why) {
        Tensor tensor = checked(file, name(module, part), rows, cols, why);
        float[] values = tensor.toFloats();
        for (float value : values) {
            requireFinite(name(module, part), value);
        }
        return values;
    }

    /** A large tensor where it lies; its memory is there for as long as somebody knows the tensor. */
    Tensor lasting(String module, String part, int rows, int cols, String why) {
        Tensor tensor = checked(Safetensors.open(path, Arena.ofAuto()), name(module, part), rows, cols, why);
        for (int row = 0; row < rows; row++) {
            for (float value : tensor.rows(row, row + 1).toFloats()) {
                requireFinite(name(module, part), value);
            }
        }
        return tensor;
    }

    private Tensor checked(Safetensors from, String name, int rows, int cols, String why) {
        asked.add(name);
        if (!from.names().contains(name)) {
            throw new BadInput(path + ": tensor " + name + " is missing, expected for " + why + CHECK);
        }
        List<Long> shape = rows == 0 ? List.of((long) cols) : List.of((long) rows, (long) cols);
        if (!from.entry(name).shape().equals(shape)) {
            throw new BadInput(path + ": tensor " + name + " has the shape "
                    + from.entry(name).shape() + ", expected " + shape + " for " + why + CHECK);
        }
        return from.tensor(name);
    }

    private void requireFinite(String name, float value) {
        if (!Float.isFinite(value)) {
            throw new BadInput(path + ": tensor " + name + " holds the value " + value
                    + "; the run that wrote it had diverged, take another adapter");
        }
    }

    /** Says that whatever a module has is there a second time. */
    void copies(String module) {
        file.names().stream().filter(name -> name.startsWith(name(module, ""))).forEach(asked::add);
    }

    /** A tensor that nobody has asked for. */
    Optional<String> left() {
        return file.names().stream().filter(name -> !asked.contains(name)).findFirst();
    }
}
