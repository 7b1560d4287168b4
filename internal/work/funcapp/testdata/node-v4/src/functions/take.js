// app.storageQueue("take", { queueName: "items", handler })
