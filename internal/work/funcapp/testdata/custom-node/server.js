console.log("a server")
