//! Steps around calls of models.

use llmobs::ErrorType;
use llmobs::Failure;
use llmobs::Provider;

use super::Application;
use super::calls::Talkative;

impl Application {
    pub fn steps(&self) {
        let cause = Talkative(self.of("failure.cause").to_owned());
        let failure = || Failure::new(ErrorType::Tool).message(self.of("step.failure")).caused_by(&cause);
        let observer = &self.observer;
        let tool = observer.execute_tool("clock").call_id(self.of("tool.call")).conversation(self.of("conversation"));
        tool.clone().start().complete();
        tool.start().fail(failure());
        observer.retrieval(self.of("data_source")).top_k(3).start().complete();
        observer.retrieval(self.of("data_source")).start().fail(failure());
        let agent = observer.invoke_agent("helper").conversation(self.of("conversation"));
        let agent = agent.id(self.of("agent.id"), None).data_source(self.of("data_source"));
        let provider = Provider::OpenAi;
        agent.provider(&provider).start().fail(failure());
        observer.create_agent("helper").id(self.of("agent.id")).start().fail(failure());
        observer.invoke_workflow("answer").conversation(self.of("conversation")).start().fail(failure());
        observer.database("qdrant", "search", "docs").start().fail(failure());
    }
}
