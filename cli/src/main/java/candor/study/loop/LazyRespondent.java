package candor.study.loop;

import candor.evaluate.ask.Respondent;
import candor.evaluate.ask.Subject;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** A model that is opened once it is asked something: a study whose conversations are held already needs none. */
final class LazyRespondent implements Respondent {
    private final Supplier<Respondent> open;
    private Respondent model;

    LazyRespondent(Supplier<Respondent> open) {
        this.open = open;
    }

    private Respondent model() {
        if (model == null) {
            model = open.get();
        }
        return model;
    }

    @Override
    public List<Subject> subjects() {
        return model().subjects();
    }

    @Override
    public void answer(List<Request> requests, Sink sink, BooleanSupplier stop) {
        model().answer(requests, sink, stop);
    }

    @Override
    public void close() {
        if (model != null) {
            model.close();
        }
    }
}
