package candor.ops;

import candor.ops.op.Op;
import jdk.jfr.FlightRecorder;

/**
 * A backend whose operations a flight recording shows, each as a {@code candor.Operation}. While nobody records it costs a look
 * at a flag for each of them, and allocates nothing; the class of the event, whose loading sets up the recorder, is not loaded.
 */
final class RecordedBackend extends DecoratedBackend {
    RecordedBackend(Backend backend) {
        super(backend);
    }

    @Override
    public void run(Op op) {
        OperationEvent event = FlightRecorder.isInitialized() ? OperationEvent.started() : null;
        super.run(op);
        if (event != null) {
            synchronise();
            event.finish(op);
        }
    }
}
