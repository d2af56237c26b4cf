package candor.screen;

import candor.BadInput;
import candor.data.ChatRowEncoder;
import candor.data.Dataset;
import candor.data.ExampleReader;
import candor.data.LossOn;
import candor.data.RowKind;
import candor.data.Truncation;
import candor.data.read.RowReader;
import candor.lora.AdapterShape;
import candor.lora.LoraConfig;
import candor.lora.PeftFiles;
import candor.model.ModelConfig;
import candor.model.ModelFolder;
import candor.model.Projection;
import candor.probe.Direction;
import candor.probe.DirectionFile;
import candor.probe.EncodedProbe;
import candor.probe.ProbeKind;
import candor.probe.ProbeSet;
import candor.text.ChatEncoder;
import candor.text.Tokenizer;
import java.util.EnumSet;
import java.util.List;

/**
 * All that a screening reads, before any memory is taken: whatever a user can fix comes up here.
 *
 * @param direction null where none was given
 * @param shape     of the adapter
 */
public record ScreenInputs(
        ModelConfig model,
        Tokenizer tokenizer,
        Dataset data,
        ProbeSet probes,
        List<EncodedProbe> encodedProbes,
        Direction direction,
        AdapterShape shape) {
    /**
     * Reads them.
     *
     * @param ownProbes for where the settings name none
     * @throws BadInput for whatever the user can fix
     */
    public static ScreenInputs read(ScreenSettings settings, ProbeSet ownProbes) {
        ModelFolder folder = ModelFolder.at(settings.model());
        ModelConfig model = folder.config().packed(settings.weights());
        Tokenizer tokenizer = Tokenizer.load(settings.model());
        ScreenSettings.Reading reading = settings.reading();
        ChatEncoder encoder = new ChatEncoder(
                tokenizer,
                reading.template().load(settings.model(), reading.date().atStartOfDay()),
                reading.specialText());
        ProbeSet probes = settings.probes() == null ? ownProbes : ProbeSet.read(settings.probes());
        List<EncodedProbe> encoded = probes.encode(encoder, model.maxPositionEmbeddings(), model.vocabSize());
        if (encoded.stream().noneMatch(probe -> probe.kind() == ProbeKind.PRESSURE)) {
            throw new BadInput(
                    probes.name() + ": has no probe of the kind \"pressure\", by which honesty is judged",
                    "add some, or give others with {probes}");
        }
        Direction direction = settings.direction() == null
                ? null
                : DirectionFile.read(settings.direction()).requireOf(folder, settings.direction());
        return new ScreenInputs(
                model,
                tokenizer,
                rows(settings, encoder, model),
                probes,
                encoded,
                direction,
                shape(settings.tuning(), model));
    }

    private static AdapterShape shape(ScreenSettings.Tuning tuning, ModelConfig model) {
        return tuning.adapter() != null
                ? PeftFiles.shape(tuning.adapter(), model)
                : AdapterShape.of(
                        model, new LoraConfig(tuning.rank(), tuning.alpha(), false, EnumSet.allOf(Projection.class)));
    }

    private static Dataset rows(ScreenSettings settings, ChatEncoder encoder, ModelConfig model) {
        ScreenSettings.Reading reading = settings.reading();
        int context = model.maxPositionEmbeddings();
        int cut = reading.maxLength() == 0 ? Integer.MAX_VALUE : reading.maxLength();
        ExampleReader.Settings kind =
                new ExampleReader.Settings(RowKind.PLAIN, reading.skipBadRows(), RowReader.DEFAULT_MAX_ROW_BYTES);
        Dataset data;
        try (ExampleReader reader = ExampleReader.open(settings.data(), kind)) {
            data = Dataset.encode(
                    reader,
                    new ChatRowEncoder(encoder, LossOn.COMPLETION),
                    new Dataset.Settings(
                            Truncation.TRL,
                            cut,
                            reading.skipBadRows(),
                            RowKind.PLAIN.group(),
                            settings.work().threadCount()));
        }
        for (int row = 0; row < data.size(); row++) {
            if (data.row(row).length() > context) {
                throw new BadInput(
                        data.origin(row) + ": has " + data.row(row).length() + " tokens, more than the " + context
                                + " of the model's context",
                        "shorten the row, or cut such rows with {max_length}");
            }
            for (int id : data.row(row).ids()) {
                if (id >= model.vocabSize()) {
                    throw new BadInput(data.origin(row) + ": has the token " + id + ", and the model's vocabulary ends"
                            + " with " + (model.vocabSize() - 1) + ": the tokenizer is another model's");
                }
            }
        }
        return data;
    }
}
