package candor.ops;

import candor.ops.op.Op;

/**
 * A backend whose operations a flight recording shows, each as a {@code candor.Operation}. While nobody records it costs a look
 * at a flag for each of them, and allocates nothing.
 */
final class RecordedBackend extends DecoratedBackend {
    RecordedBackend(Backend backend) {
        super(backend);
    }

    @Override
    public void run(Op op) {
        OperationEvent event = OperationEvent.started();
        super.run(op);
        if (event != null) {
            synchronise();
            event.finish(op);
        }
    }
}
