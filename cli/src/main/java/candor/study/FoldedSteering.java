package candor.study;

import candor.BadInput;
import candor.io.HubSnapshot;
import candor.lora.ShiftedAdapter;
import candor.model.ModelFolder;
import candor.probe.Steering;
import java.nio.file.Files;
import java.nio.file.Path;

/** A direction of honesty folded into an adapter: what steering does while a model generates, the adapter does by itself. */
public final class FoldedSteering {
    private FoldedSteering() {}

    /**
     * Writes the folder; its settings come last, so that nobody takes half of it for an adapter.
     *
     * @param adapter the folder of the adapter to fold it into, or null for none
     * @throws BadInput for another model's direction, and for a model or an adapter that this cannot be done with
     */
    public static void write(Path model, Path adapter, Steering steering, Path output) {
        ModelFolder folder = ModelFolder.at(model);
        Steering.Shift shift = steering.shift(folder);
        String base = HubSnapshot.of(model).map(HubSnapshot::repository).orElseGet(model::toString);
        String about = "# An adapter that steers\n\nIt adds " + steering.strength()
                + " times a direction of honesty behind layer " + shift.layer()
                + (adapter == null ? "" : ", beside what the adapter does that it was folded into")
                + ". Made by Candor; the base's licence holds for the two together, and so does that of the data.\n";
        ShiftedAdapter.write(
                adapter,
                folder.config(),
                shift.layer(),
                shift.values(),
                adapter == null ? model : texts(adapter, model),
                base,
                about,
                output);
    }

    /** The folder that has the tokenizer: the adapter's, where it brings one. */
    private static Path texts(Path adapter, Path model) {
        return Files.exists(adapter.resolve("tokenizer.json")) ? adapter : model;
    }
}
